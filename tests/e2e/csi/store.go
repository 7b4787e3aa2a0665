package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// record is what is known of a volume or a snapshot; it lies beside its data.
type record struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Bytes  int64     `json:"bytes"`
	Source string    `json:"source,omitempty"` // the id that the data was copied from
	Made   time.Time `json:"made"`
}

// store holds volumes and snapshots. Whoever calls a shelf holds the lock.
type store struct {
	sync.Mutex
	volumes, snapshots shelf
}

// shelf is a folder of records of one kind. What is on it is whole: things are
// made and removed beside it, and renamed.
type shelf struct {
	folder, beside, kind string
}

var knownID = regexp.MustCompile(`^[a-z]+-[0-9a-f]{32}$`)

func openStore(folder string) (*store, error) {
	beside := filepath.Join(folder, "beside")
	if err := os.RemoveAll(beside); err != nil {
		return nil, err
	}
	opened := &store{
		volumes:   shelf{folder: filepath.Join(folder, "volumes"), beside: beside, kind: "volume"},
		snapshots: shelf{folder: filepath.Join(folder, "snapshots"), beside: beside, kind: "snapshot"},
	}
	for _, each := range []string{beside, opened.volumes.folder, opened.snapshots.folder} {
		if err := os.MkdirAll(each, 0o755); err != nil {
			return nil, err
		}
	}
	return opened, nil
}

// id is the same whenever the same name is asked for, so that asking twice makes one.
func (s shelf) id(name string) string {
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%s-%x", s.kind, sum[:16])
}

func (s shelf) data(id string) string {
	return filepath.Join(s.folder, id, "data")
}

// get gives nil when there is none.
func (s shelf) get(id string) (*record, error) {
	if !knownID.MatchString(id) {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(s.folder, id, "record.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found := &record{}
	return found, json.Unmarshal(text, found)
}

// list is in the order of ids.
func (s shelf) list() ([]*record, error) {
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return nil, err
	}
	listed := []*record{}
	for _, entry := range entries {
		found, err := s.get(entry.Name())
		if err != nil {
			return nil, err
		}
		if found != nil {
			listed = append(listed, found)
		}
	}
	return listed, nil
}

// add makes a new one, filled with what is in the folder `from` unless that is empty.
func (s shelf) add(made *record, from string) error {
	folder := filepath.Join(s.beside, made.ID)
	data := filepath.Join(folder, "data")
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	if from != "" {
		if err := atOneMoment(from, func() error { return copied(from, data) }); err != nil {
			return err
		}
	}
	if err := write(folder, made); err != nil {
		return err
	}
	return os.Rename(folder, filepath.Join(s.folder, made.ID))
}

func copied(from, to string) error {
	said, err := exec.Command("cp", "--archive", "--reflink=auto", from+"/.", to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cp %s: %w: %s", from, err, said)
	}
	return nil
}

func (s shelf) change(changed *record) error {
	return write(filepath.Join(s.folder, changed.ID), changed)
}

func (s shelf) remove(id string) error {
	if !knownID.MatchString(id) {
		return nil
	}
	aside := filepath.Join(s.beside, id)
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	err := os.Rename(filepath.Join(s.folder, id), aside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(aside)
}

func write(folder string, written *record) error {
	text, err := json.Marshal(written)
	if err != nil {
		return err
	}
	path := filepath.Join(folder, "record.json")
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
