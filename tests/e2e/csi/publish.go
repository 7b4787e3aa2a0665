package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// publisher mounts volumes where the kubelet wants them.
type publisher struct {
	csi.UnimplementedNodeServer
	*store
	node string
}

func (p *publisher) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: p.node}, nil
}

func (p *publisher) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	return &csi.NodeGetCapabilitiesResponse{Capabilities: []*csi.NodeServiceCapability{
		{Type: &csi.NodeServiceCapability_Rpc{Rpc: &csi.NodeServiceCapability_RPC{
			Type: csi.NodeServiceCapability_RPC_EXPAND_VOLUME,
		}}},
	}}, nil
}

func (p *publisher) NodePublishVolume(_ context.Context, asked *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	if asked.TargetPath == "" {
		return nil, status.Error(codes.InvalidArgument, "target path is missing")
	}
	if asked.VolumeCapability == nil {
		return nil, status.Error(codes.InvalidArgument, "volume capability is missing")
	}
	p.Lock()
	defer p.Unlock()
	found, err := p.volume(asked.VolumeId)
	if err != nil {
		return nil, err
	}
	if mounted, err := isMounted(asked.TargetPath); err != nil || mounted {
		return &csi.NodePublishVolumeResponse{}, err
	}
	if err := os.MkdirAll(asked.TargetPath, 0o750); err != nil {
		return nil, err
	}
	if err := syscall.Mount(p.volumes.data(found.ID), asked.TargetPath, "", syscall.MS_BIND, ""); err != nil {
		return nil, err
	}
	if asked.Readonly {
		if err := syscall.Mount("", asked.TargetPath, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			return nil, errors.Join(err, syscall.Unmount(asked.TargetPath, 0))
		}
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func (p *publisher) NodeUnpublishVolume(_ context.Context, asked *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	if asked.VolumeId == "" || asked.TargetPath == "" {
		return nil, status.Error(codes.InvalidArgument, "volume id or target path is missing")
	}
	p.Lock()
	defer p.Unlock()
	mounted, err := isMounted(asked.TargetPath)
	if err != nil {
		return nil, err
	}
	if mounted {
		if err := syscall.Unmount(asked.TargetPath, 0); err != nil {
			return nil, err
		}
	}
	if err := os.Remove(asked.TargetPath); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

// NodeExpandVolume has nothing to grow: a directory has no file system of its own.
func (p *publisher) NodeExpandVolume(_ context.Context, asked *csi.NodeExpandVolumeRequest) (*csi.NodeExpandVolumeResponse, error) {
	if asked.VolumePath == "" {
		return nil, status.Error(codes.InvalidArgument, "volume path is missing")
	}
	p.Lock()
	defer p.Unlock()
	found, err := p.volume(asked.VolumeId)
	if err != nil {
		return nil, err
	}
	return &csi.NodeExpandVolumeResponse{CapacityBytes: found.Bytes}, nil
}

func isMounted(path string) (bool, error) {
	points, err := mountPoints("/proc/self")
	return slices.Contains(points, path), err
}
