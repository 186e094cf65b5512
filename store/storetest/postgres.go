// Package storetest is what every database engine must do: Run holds the whole contract of package store, on SQLite and on PostgreSQL alike. It also starts the
// PostgreSQL that tests use.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres returns the address of a new, empty database in a throw-away cluster, which all tests of a process share and which ends with the process. Without
// PostgreSQL's programs the test is skipped, or fails when POSTERN_REQUIRE names postgres.
func Postgres(t testing.TB) string {
	t.Helper()
	c, err := sharedCluster()
	if err != nil {
		if required("postgres") {
			t.Fatalf("PostgreSQL is required (POSTERN_REQUIRE) and cannot be started: %v", err)
		}
		t.Skipf("no PostgreSQL: %v", err)
	}
	name := "t" + strconv.FormatInt(c.databases.Add(1), 10)
	conn, err := pgx.Connect(t.Context(), c.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return c.address(name)
}

// required says that POSTERN_REQUIRE names something, so that its absence is a failure.
func required(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("POSTERN_REQUIRE"), ","), name)
}

// cluster is a running server. It ends when our end of its standard input's pipe closes, that is, with this process however it dies.
type cluster struct {
	port      int
	databases atomic.Int64
}

func (c *cluster) address(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

var sharedCluster = sync.OnceValues(startCluster)

func startCluster() (*cluster, error) {
	bin, err := findPrograms()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "postern-postgres-")
	if err != nil {
		return nil, err
	}
	credential, err := ownerOf(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	// An ICU collation that is not byte order, so that a statement which relies on byte order fails here.
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N", "--encoding=UTF8", "--locale=C.UTF-8",
		"--locale-provider=icu", "--icu-locale=zh-CN")
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: credential}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, out), os.RemoveAll(dir))
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := startServer(bin, dir, data, port, credential); err != nil {
		return nil, err
	}
	c := &cluster{port: port}
	return c, c.await()
}

// startServer runs the server under a shell that waits for the end of its standard input: when this process ends, even by a signal, the shell stops the server
// and removes the directory.
func startServer(bin, dir, data string, port int, credential *syscall.Credential) error {
	const script = `"$1/postgres" -D "$2" -p "$3" -k "$4" -c listen_addresses=127.0.0.1 -c max_connections=300 -c shared_buffers=64MB \
  >"$4/log" 2>&1 </dev/null & pid=$!
read -r _
kill -QUIT $pid; wait $pid; rm -rf "$4"`
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	server := exec.Command("/bin/sh", "-c", script, "sh", bin, data, strconv.Itoa(port), dir)
	server.Dir, server.Stdin = dir, reader
	// A session of its own keeps an interrupt at the terminal from stopping the server before the tests.
	server.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setsid: true}
	if err := server.Start(); err != nil {
		return err
	}
	keepOpen = writer
	return reader.Close()
}

// keepOpen holds the pipe until the process ends; without the variable the collector would close it.
var keepOpen *os.File

func (c *cluster) await() error {
	var last error
	for range 100 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		conn, err := pgx.Connect(ctx, c.address("postgres"))
		cancel()
		if err == nil {
			return conn.Close(context.Background())
		}
		last = err
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("the server does not answer: %w", last)
}

// findPrograms looks for initdb beside postgres in the path and where distributions put it.
func findPrograms() (string, error) {
	candidates, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.Sort(candidates)
	slices.Reverse(candidates)
	if found, err := exec.LookPath("initdb"); err == nil {
		candidates = append(candidates, found)
	}
	others, _ := filepath.Glob("/opt/homebrew/opt/postgresql@*/bin/initdb")
	for _, c := range append(candidates, others...) {
		dir := filepath.Dir(c)
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("initdb was not found: install the server package, for example postgresql-15")
}

// ownerOf gives the directory to an unprivileged user when the tests run as root, because PostgreSQL refuses to run as root.
func ownerOf(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid))
	}
	return nil, errors.New("running as root, and there is no user postgres or nobody to run the server as")
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
