package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"postern"
)

// Bounds of what an import reads whole.
const (
	maxManifest = 1 << 20
	maxSums     = 16 << 20
)

// refused says what is wrong with an export, in which of its files and what to do. It never echoes what was read.
func refused(file, message, fix string) error {
	return &postern.Error{Code: postern.CodeInvalid, Op: "store.Import", Field: file, Message: message, Fix: fix}
}

const copyAgain = "copy the export anew, or export again"

// readWhole reads a small file.
func readWhole(files fs.FS, name string, most int64) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, refused(name, "the file is missing", copyAgain)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("store.Import: %s: %w", name, err)
	}
	if int64(len(text)) > most {
		return nil, refused(name, fmt.Sprintf("the file is larger than %d bytes", most), copyAgain)
	}
	return text, nil
}

var sumLine = regexp.MustCompile(`^([0-9a-f]{64})  ([a-z0-9_]+(?:[./][a-z0-9_]+)*)$`)

// parseSums reads SHA256SUMS: by name, each name once.
func parseSums(text []byte) ([]sum, error) {
	var sums []sum
	for line := range bytes.Lines(text) {
		m := sumLine.FindSubmatch(bytes.TrimSuffix(line, []byte("\n")))
		if m == nil || !bytes.HasSuffix(line, []byte("\n")) {
			return nil, refused(SumsName, fmt.Sprintf("line %d is not a sum and a name", len(sums)+1), copyAgain)
		}
		s := sum{string(m[2]), string(m[1])}
		if len(sums) > 0 && sums[len(sums)-1].name >= s.name {
			return nil, refused(SumsName, fmt.Sprintf("line %d is out of order", len(sums)+1), copyAgain)
		}
		sums = append(sums, s)
	}
	return sums, nil
}

// parseManifest reads the manifest. It wants it as Export writes it, byte for byte.
func parseManifest(text []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return m, refused(ManifestName, "the manifest is not JSON as an export writes it", copyAgain)
	}
	if m.Format > ExportFormat {
		return m, refused(ManifestName, fmt.Sprintf("the export has format %d and this program knows %d", m.Format, ExportFormat), "use the newer program")
	}
	again, err := json.MarshalIndent(m, "", " ")
	if err != nil || !bytes.Equal(append(again, '\n'), text) || m.Format < 1 || !postern.CheckID(postern.PrefixMerchant, m.MerchantID) {
		return m, refused(ManifestName, "the manifest is not as an export writes it", copyAgain)
	}
	return m, nil
}

// verify reads every file of an export once and holds it against the sums: nothing may be missing, altered or there besides.
func verify(ctx context.Context, files fs.FS) (Manifest, map[string]string, error) {
	text, err := readWhole(files, SumsName, maxSums)
	if err != nil {
		return Manifest{}, nil, err
	}
	sums, err := parseSums(text)
	if err != nil {
		return Manifest{}, nil, err
	}
	want := map[string]string{}
	for _, s := range sums {
		want[s.name] = s.hex
	}
	if err := onlyThese(files, want); err != nil {
		return Manifest{}, nil, err
	}
	for _, s := range sums {
		if err := ctx.Err(); err != nil {
			return Manifest{}, nil, err
		}
		f, err := files.Open(s.name)
		if err != nil {
			return Manifest{}, nil, refused(s.name, "the file is missing", copyAgain)
		}
		digest := sha256.New()
		_, err = io.Copy(digest, f)
		_ = f.Close()
		if err != nil {
			return Manifest{}, nil, fmt.Errorf("store.Import: %s: %w", s.name, err)
		}
		if hexOf(digest) != s.hex {
			return Manifest{}, nil, refused(s.name, "the file is not the one that was exported: its SHA-256 differs", copyAgain)
		}
	}
	if text, err = readWhole(files, ManifestName, maxManifest); err != nil {
		return Manifest{}, nil, err
	}
	m, err := parseManifest(text)
	return m, want, err
}

// onlyThese refuses files that have no sum, and whatever is neither a file nor a folder.
func onlyThese(files fs.FS, want map[string]string) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("store.Import: %w", err)
		case d.IsDir(), name == SumsName:
			return nil
		case want[name] == "":
			return refused(SumsName, "there is a file besides those that were exported", "import a folder that holds the export and nothing else")
		case !d.Type().IsRegular():
			return refused(name, "it is not a file", copyAgain)
		}
		return nil
	})
}

// arrange finds the table of each of the manifest's files and its columns, as far as this database has them. A column that is younger than the export stays unset, as
// it does in rows of an older node.
func arrange(m Manifest, schema int64, described map[string][]column, sums map[string]string) ([]arriving, error) {
	if m.Schema > schema {
		return nil, refused(ManifestName, fmt.Sprintf("the export is of schema %d and this program knows %d", m.Schema, schema), "use the newer program")
	}
	var list []arriving
	for _, p := range portables {
		file := rowsFolder + p.table + ".jsonl"
		i := slices.IndexFunc(m.Tables, func(t ManifestTable) bool { return t.File == file })
		if i < 0 {
			if m.Schema == schema {
				return nil, refused(file, "the manifest does not name the file", copyAgain)
			}
			continue // The table is younger than the export.
		}
		a := arriving{portable: p, ManifestTable: m.Tables[i], leftOut: p.left(described)}
		written := p.written(described)
		for _, name := range a.Columns {
			at := slices.IndexFunc(written, func(c column) bool { return c.name == name })
			if at < 0 {
				return nil, refused(file, "the file has a column that this program does not know", "use the program that made the export, or a newer one")
			}
			a.columns = append(a.columns, written[at])
		}
		for _, c := range written {
			if c.required && !slices.Contains(a.Columns, c.name) {
				return nil, refused(file, "the column "+c.name+" is missing", "import with the program that made the export, then migrate")
			}
		}
		if m.Schema == schema && !slices.Equal(a.Columns, names(written)) {
			return nil, refused(file, "the columns are not those of the table", copyAgain)
		}
		list = append(list, a)
	}
	if len(list) != len(m.Tables) {
		return nil, refused(ManifestName, "the manifest names a file that this program does not know, or one twice", "use the program that made the export, or a newer one")
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		if strings.HasPrefix(name, rowsFolder) && !slices.ContainsFunc(list, func(a arriving) bool { return a.File == name }) {
			return nil, refused(name, "the manifest does not name the file", copyAgain)
		}
	}
	return list, nil
}
