package main

import (
	"context"
	"errors"
	"io"
)

func (d *demo) tellStory(_ context.Context, _ io.Writer, _ string) error {
	return errors.New("story")
}
