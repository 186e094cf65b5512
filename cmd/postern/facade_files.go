package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postern/engine"
	"postern/provider"
)

// writtenFile is a file of an issued account: what it is for, and whether it was there.
type writtenFile struct {
	Path string `json:"path"`
	ZH   string `json:"zh,omitempty"`
	EN   string `json:"en,omitempty"`
	// State is new, same (it was not touched) or replaced; the former contents are then beside it in Before.
	State  string `json:"state"`
	Before string `json:"before,omitempty"`
}

// fileOf is the name of the file for a public fact or a secret.
func fileOf(name, text string) string {
	if strings.HasPrefix(text, "-----BEGIN") {
		return name + ".pem"
	}
	return name + ".txt"
}

// writeIssued writes an account's keys and secrets into a folder that only its owner may read. A file that is the same is not touched, and of one that was another the former
// contents are kept beside it.
func (o *offline) writeIssued(issued engine.IssuedFacade, dir string) ([]writtenFile, error) {
	faced, err := o.engine.Faced(issued.Account.Provider)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	texts := maps.Clone(issued.Public)
	maps.Copy(texts, issued.Secrets)
	var files []writtenFile
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		f := writtenFile{Path: filepath.Join(dir, fileOf(name, texts[name])), State: "new"}
		f.ZH, f.EN = factWords(faced.Face(), name)
		switch was, err := os.ReadFile(f.Path); {
		case err == nil && bytes.Equal(was, []byte(texts[name])):
			f.State = "same"
		case err == nil:
			f.State, f.Before = "replaced", f.Path+".before"
			if err := writeFile(f.Before, was); err != nil {
				return files, err
			}
		case !os.IsNotExist(err):
			return files, err
		}
		if f.State != "same" {
			if err := writeFile(f.Path, []byte(texts[name])); err != nil {
				return files, err
			}
		}
		files = append(files, f)
	}
	return files, nil
}

// factWords say what a public fact or a secret of an issued account is.
func factWords(face provider.FaceDescription, name string) (zh, en string) {
	switch name {
	case "public_key":
		return "平台公钥", "the switch's public key"
	case "serial":
		return "平台证书的序列号", "the serial number of the switch's certificate"
	}
	for _, k := range face.Keys {
		if k.Name == name {
			if zh, en = k.LabelZH, k.LabelEN; !k.Own {
				zh, en = zh+"，店里自己的", en+", the shop's own"
			}
		}
	}
	return zh, en
}

// tellFiles says of each file what it is, and what became of one that was there.
func tellFiles(w io.Writer, files []writtenFile) {
	for _, f := range files {
		note := ""
		switch f.State {
		case "same":
			note = "  (as it was)"
		case "replaced":
			note = "  (had other contents, which are in " + f.Before + " now)"
		}
		fmt.Fprintf(w, "%s  %s / %s%s\n", f.Path, f.EN, f.ZH, note)
	}
}
