"""The types of single fields: strict scalars with their format and their limits.

Every string, list and map has a limit: the API server estimates the cost of a
CEL rule from it, and refuses a schema whose estimate is unbounded.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue, StrictBool, StrictInt, StrictStr

from renderer.core.resource import formats

Flag = StrictBool
Count = Annotated[StrictInt, Field(ge=1, le=1000)]
Instances = Annotated[StrictInt, Field(ge=1, le=100)]
Port = Annotated[StrictInt, Field(ge=1, le=65535)]

Text = Annotated[StrictStr, Field(pattern=formats.ONE_LINE.pattern, max_length=1024)]
"""Free text on one line."""
Engine = Annotated[StrictStr, Field(pattern=formats.ENGINE.pattern, max_length=63)]
Version = Annotated[StrictStr, Field(pattern=formats.VERSION.pattern, max_length=14)]
Image = Annotated[StrictStr, Field(pattern=formats.IMAGE.pattern, max_length=512)]
ObjectName = Annotated[StrictStr, Field(pattern=formats.SUBDOMAIN.pattern, max_length=253)]
"""The name of another object in the same namespace; "" = not set."""
Size = Annotated[StrictStr, Field(pattern=formats.QUANTITY.pattern, max_length=32)]
Cron = Annotated[StrictStr, Field(pattern=formats.CRON.pattern, max_length=128)]
TimeZone = Annotated[StrictStr, Field(pattern=formats.TIME_ZONE.pattern, max_length=64)]
Duration = Annotated[StrictStr, Field(pattern=formats.DURATION.pattern, max_length=32)]
Window = Annotated[StrictStr, Field(pattern=formats.WINDOW.pattern, max_length=224)]
DatabaseName = Annotated[StrictStr, Field(pattern=formats.DATABASE_NAME.pattern, max_length=63)]
Extension = Annotated[StrictStr, Field(pattern=formats.EXTENSION.pattern, max_length=63)]
HbaLine = Annotated[StrictStr, Field(pattern=formats.HBA_LINE.pattern, max_length=1024)]
Statement = Annotated[StrictStr, Field(pattern=formats.STATEMENT.pattern, max_length=65536)]
ConfigMapKey = Annotated[StrictStr, Field(pattern=formats.CONFIG_MAP_KEY.pattern, max_length=253)]
Cidr = Annotated[StrictStr, Field(pattern=formats.CIDR.pattern, max_length=49)]
Bucket = Annotated[StrictStr, Field(pattern=formats.BUCKET.pattern, max_length=63)]
Prefix = Annotated[StrictStr, Field(pattern=formats.PREFIX.pattern, max_length=512)]
"""The beginning of keys in a bucket; "" = none."""
Endpoint = Annotated[StrictStr, Field(pattern=formats.ENDPOINT.pattern, max_length=512)]
Region = Annotated[StrictStr, Field(pattern=formats.REGION.pattern, max_length=63)]
S3Url = Annotated[StrictStr, Field(pattern=formats.S3_URL.pattern, max_length=1024)]
"""A backup in a store; "" = none."""
BackupId = Annotated[StrictStr, Field(pattern=formats.BACKUP_ID.pattern, max_length=64)]
Sha256 = Annotated[StrictStr, Field(pattern=formats.SHA256.pattern, max_length=64)]
Token = Annotated[StrictStr, Field(pattern=formats.TOKEN.pattern, max_length=64)]
"""A value that means something only by being new, such as a time."""

ParameterName = Annotated[StrictStr, Field(pattern=formats.PARAMETER_NAME.pattern, max_length=127)]
Parameters = Annotated[dict[ParameterName, Text], Field(max_length=200)]
Qualified = Annotated[StrictStr, Field(pattern=formats.QUALIFIED.pattern, max_length=317)]
LabelValue = Annotated[StrictStr, Field(pattern=formats.LABEL_VALUE.pattern, max_length=63)]
Labels = Annotated[dict[Qualified, LabelValue], Field(max_length=32)]
AnnotationValue = Annotated[StrictStr, Field(max_length=4096)]
Annotations = Annotated[dict[Qualified, AnnotationValue], Field(max_length=32)]

FreeForm = Annotated[
    dict[StrictStr, JsonValue],
    Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True}),
]
"""An object that Kubernetes' own schema checks once it is rendered."""
