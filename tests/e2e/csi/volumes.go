package main

import (
	"context"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const smallest = 1 << 20

// controller makes and removes volumes and snapshots.
type controller struct {
	csi.UnimplementedControllerServer
	*store
}

func (c *controller) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	answer := &csi.ControllerGetCapabilitiesResponse{}
	for _, can := range []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_CLONE_VOLUME,
		csi.ControllerServiceCapability_RPC_EXPAND_VOLUME,
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT,
		csi.ControllerServiceCapability_RPC_LIST_SNAPSHOTS,
	} {
		answer.Capabilities = append(answer.Capabilities, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: can}},
		})
	}
	return answer, nil
}

func (c *controller) CreateVolume(_ context.Context, asked *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	if asked.Name == "" {
		return nil, status.Error(codes.InvalidArgument, "name is missing")
	}
	if why := unsupported(asked.VolumeCapabilities); why != "" {
		return nil, status.Error(codes.InvalidArgument, why)
	}
	c.Lock()
	defer c.Unlock()
	id := c.volumes.id(asked.Name)
	source, from, least, err := c.content(asked.VolumeContentSource)
	if err != nil {
		return nil, err
	}
	there, err := c.volumes.get(id)
	if err != nil {
		return nil, err
	}
	if there == nil {
		size, err := sized(asked.CapacityRange, max(smallest, least))
		if err != nil {
			return nil, err
		}
		there = &record{ID: id, Name: asked.Name, Bytes: size, Source: source, Made: time.Now()}
		if err := c.volumes.add(there, from); err != nil {
			return nil, err
		}
	}
	if _, err := sized(asked.CapacityRange, there.Bytes); err != nil || asked.CapacityRange.GetRequiredBytes() > there.Bytes || there.Source != source {
		return nil, status.Errorf(codes.AlreadyExists, "%s is there, of %d bytes and from %q", asked.Name, there.Bytes, there.Source)
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{
		VolumeId:      id,
		CapacityBytes: there.Bytes,
		ContentSource: asked.VolumeContentSource,
	}}, nil
}

// content gives the id, the folder and the size of what a volume is to be filled with.
func (c *controller) content(asked *csi.VolumeContentSource) (id, folder string, least int64, err error) {
	if asked == nil {
		return "", "", 0, nil
	}
	at, id := c.volumes, asked.GetVolume().GetVolumeId()
	if asked.GetSnapshot() != nil {
		at, id = c.snapshots, asked.GetSnapshot().SnapshotId
	}
	found, err := at.get(id)
	if err != nil {
		return "", "", 0, err
	}
	if found == nil {
		return "", "", 0, status.Errorf(codes.NotFound, "there is no %s %q to copy from", at.kind, id)
	}
	return id, at.data(id), found.Bytes, nil
}

// sized is the size within the asked range that is nearest to `least` and not below it.
func sized(asked *csi.CapacityRange, least int64) (int64, error) {
	size, limit := max(least, asked.GetRequiredBytes()), asked.GetLimitBytes()
	if limit != 0 && size > limit {
		return 0, status.Errorf(codes.OutOfRange, "it needs %d bytes, the limit is %d", size, limit)
	}
	return size, nil
}

// unsupported says what is wrong with capabilities; empty when nothing is.
func unsupported(asked []*csi.VolumeCapability) string {
	if len(asked) == 0 {
		return "volume capabilities are missing"
	}
	for _, each := range asked {
		if each.GetMount() == nil {
			return "only mounted volumes are supported, no block devices"
		}
	}
	return ""
}

func (c *controller) DeleteVolume(_ context.Context, asked *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	if asked.VolumeId == "" {
		return nil, status.Error(codes.InvalidArgument, "volume id is missing")
	}
	c.Lock()
	defer c.Unlock()
	return &csi.DeleteVolumeResponse{}, c.volumes.remove(asked.VolumeId)
}

func (c *controller) ValidateVolumeCapabilities(_ context.Context, asked *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	c.Lock()
	defer c.Unlock()
	if _, err := c.volume(asked.VolumeId); err != nil {
		return nil, err
	}
	if len(asked.VolumeCapabilities) == 0 {
		return nil, status.Error(codes.InvalidArgument, "volume capabilities are missing")
	}
	if why := unsupported(asked.VolumeCapabilities); why != "" {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: why}, nil
	}
	return &csi.ValidateVolumeCapabilitiesResponse{
		Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{VolumeCapabilities: asked.VolumeCapabilities},
	}, nil
}

// ControllerExpandVolume asks for the node's part too, as drivers of disks with a file system do.
func (c *controller) ControllerExpandVolume(_ context.Context, asked *csi.ControllerExpandVolumeRequest) (*csi.ControllerExpandVolumeResponse, error) {
	c.Lock()
	defer c.Unlock()
	found, err := c.volume(asked.VolumeId)
	if err != nil {
		return nil, err
	}
	if asked.CapacityRange == nil {
		return nil, status.Error(codes.InvalidArgument, "capacity range is missing")
	}
	if found.Bytes, err = sized(asked.CapacityRange, found.Bytes); err != nil {
		return nil, err
	}
	if err := c.volumes.change(found); err != nil {
		return nil, err
	}
	return &csi.ControllerExpandVolumeResponse{CapacityBytes: found.Bytes, NodeExpansionRequired: true}, nil
}

// volume finds one by the id in a request, under the lock; the error is what the caller is told.
func (s *store) volume(id string) (*record, error) {
	if id == "" {
		return nil, status.Error(codes.InvalidArgument, "volume id is missing")
	}
	found, err := s.volumes.get(id)
	if err == nil && found == nil {
		err = status.Errorf(codes.NotFound, "there is no volume %q", id)
	}
	return found, err
}
