//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package store

// fileLock does nothing where flock is missing (Windows): there, the operator must not start a second process on one SQLite file.
type fileLock struct{}

func lockFile(string) (*fileLock, error) { return &fileLock{}, nil }

func (*fileLock) release() error { return nil }
