// A CSI driver for tests: a volume is a directory on the one node.
//
// It runs in the node's mount namespace, serves the controller and the node
// service on one socket, and makes itself known to the kubelet on a second one.
// All that it knows lies in files below its folder: kill it at any moment, and
// the next start goes on.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const (
	driverName    = "directory.csi.sampledb.test"
	driverVersion = "1"
)

func main() {
	folder := flag.String("folder", "", "where volumes and snapshots lie")
	socket := flag.String("socket", "", "where the driver answers")
	registry := flag.String("register", "", "where the kubelet asks who the driver is; empty: nowhere")
	node := flag.String("node", "", "the node's name")
	flag.Parse()

	kept, err := openStore(*folder)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(logged))
	csi.RegisterIdentityServer(server, &identity{})
	csi.RegisterControllerServer(server, &controller{store: kept})
	csi.RegisterNodeServer(server, &publisher{store: kept, node: *node})
	failed := make(chan error)
	go func() { failed <- serve(server, *socket) }()
	if *registry != "" {
		greeter := grpc.NewServer()
		registration.RegisterRegistrationServer(greeter, &kubeletGreeter{endpoint: *socket})
		go func() { failed <- serve(greeter, *registry) }()
	}
	log.Fatal(<-failed)
}

func serve(server *grpc.Server, socket string) error {
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	return server.Serve(listener)
}

func logged(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	answer, err := handle(ctx, request)
	if err != nil {
		log.Printf("%s %v: %v", info.FullMethod, request, err)
	}
	return answer, err
}

// kubeletGreeter answers what the kubelet asks a socket in its registration folder.
type kubeletGreeter struct {
	registration.UnimplementedRegistrationServer
	endpoint string
}

func (g *kubeletGreeter) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type:              registration.CSIPlugin,
		Name:              driverName,
		Endpoint:          g.endpoint,
		SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (g *kubeletGreeter) NotifyRegistrationStatus(_ context.Context, status *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	if !status.PluginRegistered {
		log.Printf("the kubelet doesn't take the driver: %s", status.Error)
	}
	return &registration.RegistrationStatusResponse{}, nil
}
