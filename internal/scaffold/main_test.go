package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// copyModule copies what of the module a provider's suite compiles with: the root, and the rooms that provider/all and its tests import.
func copyModule(t *testing.T, to string) {
	t.Helper()
	root := filepath.Join("..", "..")
	for _, room := range []string{"provider", "vault", "recon", "ledger"} {
		if err := os.CopyFS(filepath.Join(to, room), os.DirFS(filepath.Join(root, room))); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); e.Type().IsRegular() && (strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "go.")) {
			text, err := os.ReadFile(filepath.Join(root, name))
			if err == nil {
				err = os.WriteFile(filepath.Join(to, name), text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// gorun runs the go command in the copy and returns what it said and whether it ended well.
func gorun(t *testing.T, dir string, args ...string) (string, bool) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	return string(out), err == nil
}

// TestANewProvider: what the template makes compiles at once, is listed by one line, passes its own tests of the wire, and its conformance run is red and names the file and what to write
// there. The other providers' runs stay green.
func TestANewProvider(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the module's providers")
	}
	dir := t.TempDir()
	copyModule(t, dir)
	before, err := os.ReadFile(filepath.Join(dir, "provider", "all", "all.go"))
	if err != nil {
		t.Fatal(err)
	}
	if err := write(dir, "newpay"); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(dir, "provider", "all", "all.go"))
	if err != nil || strings.Replace(string(after), "\t\tnewpayMaker,\n", "", 1) != string(before) || len(after) == len(before) {
		t.Errorf("the list differs by more than one line, or by none (%v)", err)
	}
	if out, ok := gorun(t, dir, "vet", "./provider/newpay/...", "./provider/all"); !ok {
		t.Fatalf("it does not compile:\n%s", out)
	}
	if out, ok := gorun(t, dir, "test", "./provider/newpay/..."); !ok {
		t.Errorf("its own tests fail:\n%s", out)
	}
	out, ok := gorun(t, dir, "test", "./provider/all", "-run", "Conformance/(newpay|tenpay)$", "-v")
	for _, want := range []string{"--- FAIL: TestConformance/newpay", "write next: provider/newpay/connector.go: Start:", "sandbox/gateway.go", "--- PASS: TestConformance/tenpay"} {
		if ok || !strings.Contains(out, want) {
			t.Errorf("the suite does not say %q:\n%s", want, out)
		}
	}
	if err := write(dir, "newpay"); err == nil {
		t.Error("a provider was written over")
	}
}

// TestNames: a name that cannot be a folder, a package and a code is refused before anything is written.
func TestNames(t *testing.T) {
	for _, name := range []string{"", "X", "two words", "9pay", "func", "all", "sandboxkit", "wire", "../up", strings.Repeat("a", 21)} {
		dir := t.TempDir()
		if err := write(dir, name); err == nil {
			t.Errorf("%q was taken", name)
		}
		left := 0
		if err := filepath.WalkDir(dir, func(string, fs.DirEntry, error) error { left++; return nil }); err != nil || left != 1 {
			t.Errorf("%q left %d files (%v)", name, left-1, err)
		}
	}
}
