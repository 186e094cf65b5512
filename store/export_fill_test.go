package store

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing/fstest"
)

// Portables names the tables that a merchant takes along, for tests outside the package.
func Portables() (list []string) {
	for _, p := range portables {
		list = append(list, p.table)
	}
	return list
}

// nasty is a text with everything that an encoding can get wrong.
const nasty = "\"quoted\" \\ \n\t\r\x01\u2028 é 茶 🍵 <&> '; DROP \u007f"

// fixed are the values of columns that a rule of the schema or of the import looks at. %d is the row's number.
var fixed = map[string]string{
	"merchant.zone": "Asia/Shanghai", "merchant.surplus_policy": "{}", "channel.provider": "one", "credential_set.provider": "one", "channel_health.evidence": "{}", "partner.id": "ptn_0000000000000000000000000%d",
	"receipt.taken_as": "applied", "fleet_member.state": "planned", "event.hash": "", "event_head.hash": "", "posting.transaction_id": "ledger_transaction1",
	"payment.link_token": "token%d", "short_code.code": "code%d", "link.code": "code%d", "payment_code.code": "code%d", "item.code": "code%d", "facade_account.number": "number%d", "facade_number.number": "number%d",
	"facade_account.provider": "one", "facade_number.provider": "one",
	"channel.credential_owner_id": "", "delivery.status": "delivered",
}

// numbered are those of numbers.
var numbered = map[string]int64{
	"event.position": 0, "facade_notice.done_at": 1, "event_head.position": 0, "shop_order.amount": 2, "payment.amount": 1 << 40, "receipt.amount": 1 << 40,
}

// Fill puts two rows of a merchant into every table that it takes along, whatever the columns: a table of a later migration is filled, and so tested, by itself.
func (s *Store) Fill(ctx context.Context, merchantID string) error {
	return s.Write(ctx, func(tx Tx) error {
		described, err := s.described(ctx, tx)
		if err != nil {
			return err
		}
		for _, p := range portables {
			for n := 1; n <= 2; n++ {
				columns := described[p.table]
				values := make([]any, len(columns))
				for i, c := range columns {
					values[i] = filled(c, merchantID, n)
				}
				if p.table == "posting" {
					values[4] = int64(5 - 10*(n-1))
				}
				query := insertInto(p.table, strings.Join(names(columns), ", ")) + " ON CONFLICT DO NOTHING" // Of a merchant's own row there is one.
				if _, err := tx.Exec(ctx, query, values...); err != nil {
					return fmt.Errorf("%s: %w", p.table, err)
				}
			}
		}
		return nil
	})
}

func filled(c column, merchantID string, n int) any {
	text, isFixed := fixed[c.table+"."+c.name]
	number, isNumbered := numbered[c.table+"."+c.name]
	noun, isID := strings.CutSuffix(c.name, "_id")
	if noun == "transaction" {
		noun = "ledger_transaction"
	}
	switch {
	case c.name == "merchant_id", c.name == "owner_id", c.name == "credential_owner_id":
		return merchantID
	case c.name == "partner_id":
		return fmt.Sprintf(fixed["partner.id"], n)
	case strings.Contains(text, "%d"):
		return fmt.Sprintf(text, n)
	case isFixed:
		return text
	case isNumbered:
		return number
	case !c.required && n == 2:
		return nil
	case c.name == "currency":
		return "CNY"
	case c.name == "token":
		return fmt.Sprintf("token%d", n)
	case c.name == "id" && c.cell == cellText:
		return fmt.Sprintf("%s%d", c.table, n)
	case isID:
		return fmt.Sprintf("%s%d", noun, n)
	case c.name == "live" || c.name == "sandbox" || c.name == "disabled_at":
		return int64(0)
	case c.name == "line" || c.name == "version" || c.name == "edit":
		return int64(n)
	case c.cell == cellNumber:
		return int64(1)
	case c.cell == cellBytes:
		return []byte{0, 0xff, '\n', byte(n)}
	}
	return fmt.Sprintf("%c %d %s", "Za"[n-1], n, nasty) // A collation of people's has a before Z.
}

// Staying names the tables that no merchant takes along.
func Staying() []string { return slices.Collect(maps.Keys(staying)) }

// MigrateTo brings a database to an older schema, as the program of its time did.
func (s *Store) MigrateTo(ctx context.Context, version int64) error {
	older := fstest.MapFS{}
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrationFiles, name)
		if err != nil {
			return err
		}
		if v, err := versionOf(path.Base(name)); err != nil || v <= version {
			older[path.Base(name)] = &fstest.MapFile{Data: text}
		}
	}
	return s.migrate(ctx, older)
}

// ExportColumns are the columns that an export of this database's schema has, by table.
func (s *Store) ExportColumns(ctx context.Context) (map[string][]string, error) {
	tables, err := s.described(ctx, s.reader())
	if err != nil {
		return nil, err
	}
	list := map[string][]string{}
	for _, p := range portables {
		if columns := p.written(tables); len(columns) > 0 {
			list[p.table] = names(columns)
		}
	}
	return list, nil
}
