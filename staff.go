package postern

import "time"

// Role says what a person of a shop may do.
type Role string

// Roles. An owner may do everything; staff sells: items, orders, shipping, refunds; finance reads all of the money, gives refunds and downloads lists, and changes
// neither items nor people.
const (
	RoleOwner   Role = "owner"
	RoleStaff   Role = "staff"
	RoleFinance Role = "finance"
)

// Roles are all of them.
var Roles = []Role{RoleOwner, RoleStaff, RoleFinance}

// Staff is a person who may sign in. OwnerID is the merchant, or a partner: then the person sees all of its merchants.
type Staff struct {
	OwnerID string
	ID      string
	Version int64
	// Login is unique in the whole switch; lower case.
	Login string
	Name  string
	Role  Role
	// Password is an argon2id text in the PHC format; empty until the person has set one.
	Password string
	// TOTP is the sealed secret of RFC 6238, empty without one; TOTPStep is the last step that was used, so that a code works once.
	TOTP       []byte
	TOTPStep   int64
	DisabledAt time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Invitation is a one-time link with which a person sets a password. Hash is the SHA-256 of its secret in hex.
type Invitation struct {
	Hash      string
	OwnerID   string
	StaffID   string
	ExpiresAt time.Time
	UsedAt    time.Time
}

// Session is somebody who is signed in. Hash is the SHA-256 of the cookie in hex.
type Session struct {
	Hash      string
	OwnerID   string
	StaffID   string
	UserAgent string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}
