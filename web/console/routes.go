package console

import (
	"net/http"
	"slices"

	"postern"
)

// route is one page or act, and who may have it.
type route struct {
	pattern string         // as http.ServeMux reads it: "GET /console/m/{merchant}/orders/{order}"
	roles   []postern.Role // who may; none means everybody who is signed in
	open    bool           // no session needed (sign-in, invitation)
	partner bool           // for a partner's people only, on the partner's own pages
	body    int64          // bytes that a request may send; 0 means maxForm
	serve   func(h *Handler, w http.ResponseWriter, r *http.Request, v *visit)
}

// maxForm bounds what a request may send, in bytes, where its route says nothing else.
const maxForm = 64 << 10

// routes are all pages of the console. The matrix test goes through every one of them.
var routes = slices.Concat(signRoutes, staffRoutes, partnerRoutes, goLiveRoutes, facadeRoutes, sellRoutes, moneyRoutes, refundRoutes)

// Who may do what is said once, here.
var (
	owners  = []postern.Role{postern.RoleOwner}
	sellers = []postern.Role{postern.RoleOwner, postern.RoleStaff}
	payers  = []postern.Role{postern.RoleOwner, postern.RoleFinance}
)

// merchantRoot is the beginning of every page of a merchant's.
const merchantRoot = root + "/m/{merchant}"

// partnerRoot is the beginning of a partner's own pages.
const partnerRoot = root + "/p"
