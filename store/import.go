package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern"
)

// Landing is what an import needs of the switch that takes a merchant in.
type Landing struct {
	// Live says that the switch takes real money. A live merchant comes into no other.
	Live bool
	Now  time.Time
	// Secret makes a new sealed secret for an endpoint, because the old one is sealed with another switch's key.
	Secret func(merchantID, endpointID string) ([]byte, error)
	// Job makes a job of what a row needs done, ProbeID names the job of a product that is not open.
	Job     func(merchantID string, w postern.Wanted) postern.Job
	ProbeID func(postern.Health) string
}

// Landed is what came in.
type Landed struct {
	Manifest Manifest
	// Jobs counts the jobs that were made for what was under way.
	Jobs int64
}

// Import takes a merchant in from an export. The whole of it is held against its sums first; then its rows are written as they are, their versions and positions
// too, with the jobs that what is under way needs, in one transaction: all of it or nothing. What comes in must be one merchant's, its books must balance and its
// events be a whole chain. Refusals are postern.CodeInvalid with the file as field, or postern.CodeConflict where something of it is here already.
func (s *Store) Import(ctx context.Context, files fs.FS, landing Landing) (Landed, error) {
	manifest, sums, err := verify(ctx, files)
	if err != nil {
		return Landed{}, err
	}
	landed := Landed{Manifest: manifest}
	if manifest.Live && !landing.Live {
		return landed, &postern.Error{Code: postern.CodeModeMismatch, Op: "store.Import", Field: ManifestName, Message: "this is a live merchant's export and the switch is in test mode", Fix: "set live = true at the new place"}
	}
	have, _, err := s.SchemaVersion(ctx)
	if err != nil {
		return landed, err
	}
	err = s.Write(ctx, func(tx Tx) error {
		i := importer{Store: s, tx: tx, files: files, landing: landing, manifest: manifest, sums: sums, fetched: map[string]bool{}}
		if err := i.vacant(ctx); err != nil {
			return err
		}
		described, err := s.described(ctx, tx)
		if err != nil {
			return err
		}
		list, err := arrange(manifest, have, described, sums)
		if err != nil {
			return err
		}
		for _, a := range list {
			if err := i.load(ctx, a); err != nil {
				return err
			}
		}
		if err := i.allFetched(); err != nil {
			return err
		}
		if err := i.check(ctx); err != nil {
			return err
		}
		landed.Jobs, err = i.goOn(ctx)
		return err
	})
	return landed, err
}

// arriving is one file of rows on its way into its table.
type arriving struct {
	portable
	ManifestTable
	columns []column
	leftOut []column // what the export does not hold; written after the columns
}

// importer is one import under way.
type importer struct {
	*Store
	tx       Tx
	files    fs.FS
	landing  Landing
	manifest Manifest
	sums     map[string]string
	fetched  map[string]bool // files that rows named
}

// vacant refuses a merchant that is here.
func (i *importer) vacant(ctx context.Context) error {
	var n int64
	if err := i.tx.QueryRow(ctx, "SELECT count(*) FROM merchant WHERE merchant_id = $1", i.manifest.MerchantID).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return &postern.Error{Code: postern.CodeConflict, Op: "store.Import", ID: i.manifest.MerchantID, Message: "this switch has the merchant already", Fix: "import into another one; an import never mixes with what is there"}
	}
	return nil
}

// Bounds of what one INSERT takes.
const (
	importRows  = 200
	importBytes = 4 << 20
)

// load writes one file's rows. They are read by the same hand that counts and sums them, so that a file which changes meanwhile is found out before the commit.
func (i *importer) load(ctx context.Context, a arriving) error {
	f, err := i.files.Open(a.File)
	if err != nil {
		return refused(a.File, "the file is missing", copyAgain)
	}
	defer func() { _ = f.Close() }()
	digest := sha256.New()
	lines := bufio.NewReaderSize(io.TeeReader(f, digest), 256<<10)
	batch := batch{importer: i, arriving: a}
	for {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refused(a.File, fmt.Sprintf("line %d: %v", batch.read+1, err), copyAgain)
		}
		if err := batch.add(ctx, line); err != nil {
			return err
		}
	}
	if err := batch.flush(ctx); err != nil {
		return err
	}
	switch {
	case hexOf(digest) != i.sums[a.File]:
		return refused(a.File, "the file changed while it was read", copyAgain)
	case batch.read != a.Rows:
		return refused(a.File, fmt.Sprintf("the file has %d rows and the manifest says %d", batch.read, a.Rows), copyAgain)
	}
	return nil
}

// readLine reads one line of at most maxLine bytes, without its end. The last one must have an end, too.
func readLine(r *bufio.Reader) ([]byte, error) {
	var long []byte
	for {
		part, err := r.ReadSlice('\n')
		switch {
		case err == nil && long == nil:
			return part[:len(part)-1], nil
		case err == nil:
			return append(long, part[:len(part)-1]...), nil
		case errors.Is(err, io.EOF) && len(part)+len(long) > 0:
			return nil, errors.New("the line is cut short")
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(part)+len(long) > maxLine:
			return nil, fmt.Errorf("the line is longer than %d bytes", maxLine)
		}
		long = append(long, part...)
	}
}

// allFetched refuses a file that no row names: it would not go out again.
func (i *importer) allFetched() error {
	for _, name := range slices.Sorted(maps.Keys(i.sums)) {
		if strings.HasPrefix(name, filesFolder) && !i.fetched[name] {
			return refused(name, "no row names the file", copyAgain)
		}
	}
	return nil
}

// batch collects the rows of one INSERT.
type batch struct {
	*importer
	arriving
	read int64
	held int // bytes of the lines that args come from
	args []any
}

func (b *batch) add(ctx context.Context, line []byte) error {
	values, err := parseLine(line, b.columns)
	if err != nil {
		return refused(b.File, fmt.Sprintf("line %d: %v", b.read+1, err), copyAgain)
	}
	if !b.owned(values) {
		return refused(b.File, fmt.Sprintf("line %d: the row is another merchant's", b.read+1), "export again: an export holds one merchant")
	}
	if err := b.fetch(values); err != nil {
		return err
	}
	for _, c := range b.leftOut {
		value, err := b.anew(c, values)
		if err != nil {
			return err
		}
		values = append(values, value)
	}
	b.args = append(b.args, values...)
	b.read++
	if b.held += len(line); b.held >= importBytes || len(b.args) >= importRows*(len(b.columns)+len(b.leftOut)) {
		return b.flush(ctx)
	}
	return nil
}

func (b *batch) text(values []any, name string) string {
	s, _ := valueOf(b.columns, values, name).(string)
	return s
}

// fetch puts the bytes that were kept apart back into their row. They are the file that the sums named.
func (b *batch) fetch(values []any) error {
	for i, c := range b.columns {
		if b.apart[c.name] == "" {
			continue
		}
		name, err := b.fileOf(b.columns, values, c.name)
		if err != nil || name != b.text(values, c.name) || b.sums[name] == "" {
			return refused(b.File, fmt.Sprintf("line %d: the row names another file than its own", b.read+1), copyAgain)
		}
		content, err := readWhole(b.files, name, maxLine)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != b.sums[name] {
			return refused(name, "the file changed while it was read", copyAgain)
		}
		values[i], b.held = content, b.held+len(content)
		b.fetched[name] = true
	}
	return nil
}

// anew is the value of a column that an export does not hold.
func (b *batch) anew(c column, values []any) (any, error) {
	switch {
	case c.table == "endpoint":
		secret, err := b.landing.Secret(b.manifest.MerchantID, b.text(values, "id"))
		if err != nil {
			return nil, fmt.Errorf("store.Import: a new secret: %w", err)
		}
		return secret, nil
	case c.cell == cellNumber:
		return int64(0), nil
	case c.cell == cellBytes:
		return []byte{}, nil
	}
	return "", nil
}

// owned says that a row is the merchant's, or one of a partner's that all of its merchants share.
func (b *batch) owned(values []any) bool {
	has := func(name string) bool { return slices.Contains(b.Columns, name) }
	me := b.manifest.MerchantID
	switch {
	case has("merchant_id"):
		return b.text(values, "merchant_id") == me
	case b.shared && has("owner_id"):
		owner := b.text(values, "owner_id")
		return owner == me || postern.CheckID(postern.PrefixPartner, owner)
	case b.shared:
		return postern.CheckID(postern.PrefixPartner, b.text(values, "id"))
	}
	return b.text(values, "owner_id") == me
}

// flush writes what was collected.
func (b *batch) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil || len(b.args) == 0 {
		return err
	}
	columns := append(slices.Clone(b.Columns), names(b.leftOut)...)
	rows := int64(len(b.args) / len(columns))
	write := b.inOne
	if b.dialect == SQLite {
		write = b.oneByOne
	}
	err := write(ctx, columns)
	b.args, b.held = b.args[:0], 0
	if isConflict(err) {
		return &postern.Error{Code: postern.CodeConflict, Op: "store.Import", Field: b.File, Message: fmt.Sprintf("lines %d to %d: a row contradicts another or something that is here", b.read-rows+1, b.read), Fix: copyAgain, Err: err}
	}
	return err
}

// inOne writes many rows by one statement, which saves PostgreSQL's round trips.
func (b *batch) inOne(ctx context.Context, columns []string) error {
	var query bytes.Buffer
	query.WriteString("INSERT INTO " + b.table + " (" + strings.Join(columns, ", ") + ") VALUES ")
	for n := range b.args {
		switch {
		case n == 0:
			query.WriteString("(")
		case n%len(columns) == 0:
			query.WriteString("), (")
		default:
			query.WriteString(", ")
		}
		query.WriteString("$" + strconv.Itoa(n+1))
	}
	query.WriteString(")" + b.unlessThere())
	_, err := b.tx.Exec(ctx, query.String(), b.args...)
	return err
}

// oneByOne writes row by row with a statement that is parsed once: SQLite has no round trips, and looks each $n up among all of a statement's.
func (b *batch) oneByOne(ctx context.Context, columns []string) error {
	if err := b.fault(ctx, FaultStatement); err != nil {
		return err
	}
	inner, _ := Unwrap(b.tx)
	statement, err := inner.PrepareContext(ctx, insertInto(b.table, strings.Join(columns, ", "))+b.unlessThere())
	if err != nil {
		return err
	}
	defer func() { _ = statement.Close() }()
	for row := range slices.Chunk(b.args, len(columns)) {
		if _, err := statement.ExecContext(ctx, row...); err != nil {
			return classify(err)
		}
	}
	return nil
}

func (b *batch) unlessThere() string {
	if b.shared {
		return " ON CONFLICT DO NOTHING"
	}
	return ""
}
