package main

import (
	"context"
	"strconv"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func (c *controller) CreateSnapshot(_ context.Context, asked *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	if asked.Name == "" {
		return nil, status.Error(codes.InvalidArgument, "name is missing")
	}
	c.Lock()
	defer c.Unlock()
	volume, err := c.volume(asked.SourceVolumeId)
	if err != nil {
		return nil, err
	}
	id := c.snapshots.id(asked.Name)
	there, err := c.snapshots.get(id)
	if err != nil {
		return nil, err
	}
	if there == nil {
		there = &record{ID: id, Name: asked.Name, Bytes: volume.Bytes, Source: volume.ID, Made: time.Now()}
		if err := c.snapshots.add(there, c.volumes.data(volume.ID)); err != nil {
			return nil, err
		}
	}
	if there.Source != volume.ID {
		return nil, status.Errorf(codes.AlreadyExists, "%s is there, of volume %s", asked.Name, there.Source)
	}
	return &csi.CreateSnapshotResponse{Snapshot: shown(there)}, nil
}

func (c *controller) DeleteSnapshot(_ context.Context, asked *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	if asked.SnapshotId == "" {
		return nil, status.Error(codes.InvalidArgument, "snapshot id is missing")
	}
	c.Lock()
	defer c.Unlock()
	return &csi.DeleteSnapshotResponse{}, c.snapshots.remove(asked.SnapshotId)
}

// ListSnapshots tells pages apart by the number of the first entry.
func (c *controller) ListSnapshots(_ context.Context, asked *csi.ListSnapshotsRequest) (*csi.ListSnapshotsResponse, error) {
	first := 0
	if asked.StartingToken != "" {
		number, err := strconv.Atoi(asked.StartingToken)
		if err != nil || number < 0 {
			return nil, status.Errorf(codes.Aborted, "%q is no token of ours", asked.StartingToken)
		}
		first = number
	}
	c.Lock()
	defer c.Unlock()
	all, err := c.snapshots.list()
	if err != nil {
		return nil, err
	}
	chosen := []*csi.ListSnapshotsResponse_Entry{}
	for _, each := range all {
		if (asked.SnapshotId == "" || asked.SnapshotId == each.ID) && (asked.SourceVolumeId == "" || asked.SourceVolumeId == each.Source) {
			chosen = append(chosen, &csi.ListSnapshotsResponse_Entry{Snapshot: shown(each)})
		}
	}
	chosen = chosen[min(first, len(chosen)):]
	answer := &csi.ListSnapshotsResponse{Entries: chosen}
	if limit := int(asked.MaxEntries); limit > 0 && limit < len(chosen) {
		answer.Entries, answer.NextToken = chosen[:limit], strconv.Itoa(first+limit)
	}
	return answer, nil
}

func shown(kept *record) *csi.Snapshot {
	return &csi.Snapshot{
		SnapshotId:     kept.ID,
		SourceVolumeId: kept.Source,
		SizeBytes:      kept.Bytes,
		CreationTime:   timestamppb.New(kept.Made),
		ReadyToUse:     true,
	}
}
