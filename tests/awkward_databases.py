"""A server with what upgrades get wrong: roles, settings, encodings, objects, odd names."""

import re

ODD = "we\"ird dätabase's = x"
"""A database's name that has to be quoted everywhere, each time in another way."""
QUOTED = '"we""ird dätabase\'s = x"'

SERVER = (
    "CREATE ROLE reader LOGIN PASSWORD 'reader' CONNECTION LIMIT 7 VALID UNTIL '2099-01-01'",
    "CREATE ROLE writers NOLOGIN CREATEDB CREATEROLE NOINHERIT",
    'CREATE ROLE "Od d\'role" LOGIN REPLICATION BYPASSRLS',
    "GRANT writers TO reader WITH ADMIN OPTION",
    'GRANT pg_read_all_data TO "Od d\'role" WITH INHERIT FALSE, SET TRUE',
    "COMMENT ON ROLE reader IS 'reads; doesn''t write'",
    "ALTER ROLE reader SET work_mem = '6MB'",
    f"CREATE DATABASE {QUOTED} OWNER writers TEMPLATE template0 LOCALE 'C.UTF-8' ENCODING 'UTF8'",
    "CREATE DATABASE latin TEMPLATE template0 LOCALE 'C' ENCODING 'LATIN1' CONNECTION LIMIT 9",
    "CREATE DATABASE shape TEMPLATE template0",
    "ALTER DATABASE shape IS_TEMPLATE true",
    f"COMMENT ON DATABASE {QUOTED} IS 'odd'",
    f"ALTER DATABASE {QUOTED} SET search_path = shop, public",
    f"ALTER ROLE reader IN DATABASE {QUOTED} SET statement_timeout = '9s'",
    f"REVOKE CONNECT ON DATABASE {QUOTED} FROM PUBLIC",
    f"GRANT CONNECT ON DATABASE {QUOTED} TO reader",
    "ALTER DATABASE latin SET default_transaction_read_only = on",
    "ALTER DATABASE postgres SET work_mem = '5MB'",
    "ALTER SYSTEM SET maintenance_work_mem = '77MB'",
)
"""What belongs to the whole server, to be run in `postgres`."""
SERVER_OF_15 = (
    *(each.removesuffix(" WITH INHERIT FALSE, SET TRUE") for each in SERVER),
    'SET ROLE writers; CREATE ROLE team; GRANT team TO "Od d\'role"',
)
"""The same for 15: memberships have no such options, and who has CREATEROLE may grant any."""

CONTENT = {
    "latin": """
        BEGIN READ WRITE;
        CREATE TABLE words (word text COLLATE "C" PRIMARY KEY);
        INSERT INTO words SELECT 'caf' || chr(233) || n FROM generate_series(1, 500) AS n;
        COMMIT;
    """,
    "template1": "CREATE TABLE from_the_template (id int); CREATE EXTENSION vector",
    "postgres": "CREATE TABLE in_postgres AS SELECT generate_series(1, 3) AS n",
    "shape": "CREATE TABLE shape (id int)",
    ODD: """
        CREATE EXTENSION vector;
        CREATE SCHEMA shop AUTHORIZATION writers;
        CREATE TYPE shop.mood AS ENUM ('glad', 'sad');
        CREATE DOMAIN shop.price AS numeric(9, 2) CHECK (VALUE >= 0);
        CREATE TABLE shop.no_key (words text, mood shop.mood);
        INSERT INTO shop.no_key SELECT 'ü' || n, 'sad' FROM generate_series(1, 1000) AS n;
        INSERT INTO shop.no_key SELECT * FROM shop.no_key WHERE words < 'ü2';
        CREATE TABLE shop.items (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            price shop.price NOT NULL DEFAULT 1,
            twice numeric GENERATED ALWAYS AS (price * 2) STORED,
            near vector(2), "Odd ""col" jsonb, raw bytea, span tstzrange);
        INSERT INTO shop.items (price, near, "Odd ""col", raw, span)
            SELECT n, '[1,2]', '{"a": "é"}', decode(repeat('00ff', n), 'hex'), '[2026-01-01,)'
            FROM generate_series(1, 300) AS n;
        CREATE SEQUENCE shop.tickets START 5 INCREMENT 3 CACHE 4;
        SELECT nextval('shop.tickets'), nextval('shop.tickets');
        CREATE SEQUENCE shop.untouched;
        CREATE TABLE shop.logs (day date, line text) PARTITION BY RANGE (day);
        CREATE TABLE shop.logs_1 PARTITION OF shop.logs
            FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
        CREATE TABLE shop.logs_2 PARTITION OF shop.logs DEFAULT;
        INSERT INTO shop.logs SELECT '2025-12-20'::date + n, 'l' || n FROM generate_series(1, 30) n;
        CREATE INDEX ON shop.logs (day);
        CREATE INDEX near ON shop.items USING hnsw (near vector_l2_ops);
        CREATE INDEX partly ON shop.items (lower("Odd ""col"->>'a')) WHERE price > 10;
        CREATE TABLE shop.parent (a int); CREATE TABLE shop.child (b int) INHERITS (shop.parent);
        INSERT INTO shop.parent VALUES (1); INSERT INTO shop.child VALUES (2, 3);
        CREATE MATERIALIZED VIEW shop.sums AS SELECT sum(price) AS total FROM shop.items;
        CREATE MATERIALIZED VIEW shop.empty AS SELECT 1 AS one WITH NO DATA;
        CREATE VIEW shop.cheap WITH (security_barrier) AS SELECT * FROM shop.items WHERE price < 5;
        CREATE FUNCTION shop.bump() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.price := NEW.price + 1; RETURN NEW; END $$;
        CREATE TRIGGER bump BEFORE INSERT ON shop.items FOR EACH ROW EXECUTE FUNCTION shop.bump();
        ALTER TABLE shop.items ENABLE ROW LEVEL SECURITY;
        CREATE POLICY mine ON shop.items FOR SELECT TO reader USING (price > 3);
        ALTER TABLE shop.items OWNER TO writers;
        GRANT SELECT (id, price) ON shop.items TO reader;
        ALTER DEFAULT PRIVILEGES FOR ROLE writers IN SCHEMA shop GRANT SELECT ON TABLES TO reader;
        CREATE STATISTICS shop.together (dependencies) ON day, line FROM shop.logs_1;
        CREATE PUBLICATION all_items FOR TABLE shop.items;
        CREATE UNLOGGED TABLE shop.passing AS SELECT 1 AS n;
        COMMENT ON TABLE shop.no_key IS 'it''s "keyless"';
        COMMENT ON COLUMN shop.items.price IS 'in €';
        SELECT lo_from_bytea(4242, decode(repeat('ab', 5000), 'hex'));
        GRANT SELECT ON LARGE OBJECT 4242 TO reader;
        COMMENT ON LARGE OBJECT 4242 IS 'large';
        CREATE FUNCTION noticed() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
        CREATE EVENT TRIGGER noticed ON ddl_command_start EXECUTE FUNCTION noticed();
    """,
}
"""Database → what is made in it."""

_PASSING = re.compile(r"^(--.*|\\(un)?restrict .*|)$")


def comparable(dump: str) -> list[str]:
    """What pg_dumpall writes, without what says by which version and in which run."""
    return [line for line in dump.splitlines() if not _PASSING.fullmatch(line)]
