package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateWall = flag.Bool("update", false, "write the golden maps anew")

// TestWallMaps holds the printed map of four days against what was read and found right.
func TestWallMaps(t *testing.T) {
	for _, day := range []string{"2014-02-12", "2014-02-18", "2021-11-30", "2026-11-22"} {
		var out, bad bytes.Buffer
		if code := run([]string{"wall", "at", "--date", day}, strings.NewReader(""), &out, &bad); code != 0 {
			t.Fatalf("%s: exit %d: %s", day, code, &bad)
		}
		file := filepath.Join("testdata", "wall", day+".txt")
		if *updateWall {
			if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err, "(run go test ./cmd/postern -run WallMaps -update and read the map)")
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); diff != "" {
			t.Errorf("the map of %s has changed (run with -update and read it):\n%s", day, diff)
		}
	}
}

// TestWallToday needs no date: the newest edition answers.
func TestWallToday(t *testing.T) {
	var out bytes.Buffer
	if code := run([]string{"wall"}, strings.NewReader(""), &out, io.Discard); code != 0 || !strings.HasPrefix(out.String(), "The wall on 2") {
		t.Errorf("exit %d: %.200s", code, &out)
	}
}
