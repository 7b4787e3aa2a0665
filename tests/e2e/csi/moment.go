package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const patience = 10 * time.Second

// atOneMoment does something while every Pod's process that has the folder
// mounted stands still: a copy is of one moment then, as a disk's snapshot is.
func atOneMoment(folder string, do func() error) error {
	wanted, err := os.Stat(folder)
	if err != nil {
		return err
	}
	stopped := map[int]bool{}
	defer func() {
		for pid := range stopped {
			_ = syscall.Kill(pid, syscall.SIGCONT) // one that was killed meanwhile is gone
		}
	}()
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		moving, err := movingWith(wanted)
		if err != nil {
			return err
		}
		if len(moving) == 0 {
			return do()
		}
		if time.Since(begun) > patience {
			return fmt.Errorf("processes %v use %s and don't stop", moving, folder)
		}
		for _, pid := range moving {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err == nil {
				stopped[pid] = true
			}
		}
	}
}

// movingWith finds the processes in mount namespaces other than the node's that
// have the folder mounted and don't stand still. A process may end at any time.
func movingWith(folder os.FileInfo) ([]int, error) {
	own, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	moving := []int{}
	for _, path := range paths {
		space, err := os.Readlink(path + "/ns/mnt")
		if err != nil || space == own || !hasMounted(path, folder) || standsStill(path) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			return nil, err
		}
		moving = append(moving, pid)
	}
	return moving, nil
}

func hasMounted(process string, folder os.FileInfo) bool {
	points, err := mountPoints(process)
	if err != nil {
		return false
	}
	for _, point := range points {
		found, err := os.Stat(process + "/root" + point)
		if err == nil && os.SameFile(found, folder) {
			return true
		}
	}
	return false
}

func standsStill(process string) bool {
	text, err := os.ReadFile(process + "/stat")
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return true
	}
	_, fields, found := strings.Cut(string(text), ") ")
	return found && strings.Contains("TtZX", fields[:1])
}

// mountPoints are those that a process sees, by its folder in /proc.
func mountPoints(process string) ([]string, error) {
	text, err := os.ReadFile(process + "/mountinfo")
	points := []string{}
	for line := range strings.Lines(string(text)) {
		points = append(points, strings.Fields(line)[4])
	}
	return points, err
}
