package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"postern/engine"
)

// ImportListBody is the body of POST /v1/partner/imports.
type ImportListBody struct {
	File     []byte `json:"file" doc:"The CSV, in base64: at most 8 MiB and 10,000 lines. See docs/partners.md for its columns."`
	Encoding string `json:"encoding,omitempty" enum:"utf-8,gbk" default:"utf-8"`
	Confirm  string `json:"confirm,omitempty" maxLength:"64" doc:"The digest of the plan that you saw. Without it nothing is written."`
}

type importListIn struct{ Body ImportListBody }

type importListOut struct {
	Body struct {
		Object string `json:"object" enum:"import"`
		engine.ImportPlan
	}
}

// Bounds of an import over HTTP: the file in base64 with some air, and a time well below the server's own.
const (
	importsPath  = "/v1/partner/imports"
	maxImport    = 12 << 20
	importBudget = 20 * time.Second
)

// bodyLimit bounds the body of a request by its path.
func bodyLimit(path string) int64 {
	if strings.TrimSuffix(path, "/") == importsPath {
		return maxImport
	}
	return maxBody
}

func (a *API) imports() {
	handle(a, op("import-merchants", http.MethodPost, importsPath, "Add or change many merchants by a list",
		"First without confirm: what would become of each line. Then with the digest of that plan. Each merchant and its channels are one transaction; the same list again changes nothing. A long list is written for 20 seconds: done is false then, and the new digest is for the rest. For partners' keys.", http.StatusOK, http.StatusConflict), a.importMerchants)
}

func (a *API) importMerchants(ctx context.Context, in *importListIn) (*importListOut, error) {
	partnerID, err := ownPartner(ctx)
	if err != nil {
		return nil, err
	}
	list := engine.Import{PartnerID: partnerID, Live: callerOf(ctx).Key.Live, Encoding: in.Body.Encoding, File: in.Body.File}
	out := &importListOut{}
	out.Body.Object = "import"
	if in.Body.Confirm == "" {
		out.Body.ImportPlan, err = a.Engine.PlanImport(ctx, list)
	} else {
		out.Body.ImportPlan, err = a.Engine.RunImport(ctx, list, in.Body.Confirm, importBudget)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}
