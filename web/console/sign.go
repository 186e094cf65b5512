package console

import "net/http"

// signRoutes are how people come in and go out.
var signRoutes = []route{
	{pattern: "GET /console/{$}", serve: toHome},
	{pattern: "GET /console", serve: toHome},
}

// toHome leads to the person's own first page.
func toHome(_ *Handler, w http.ResponseWriter, r *http.Request, v *visit) { see(w, r, home(v.Staff)) }
