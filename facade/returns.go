package facade

import (
	"net/http"

	"postern"
	"postern/engine"
)

// Returns is the way back of buyers from the cashier: /f/{token} leads on to the merchant's own address, with what its provider would add to it, signed. Whoever has
// the token learns no more than the merchant tells every buyer.
func Returns(e *engine.Engine, notFound http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.PathValue("token")
		if !postern.CheckID("", token) {
			notFound.ServeHTTP(w, r)
			return
		}
		to, err := e.FacedReturn(r.Context(), token)
		if err != nil && postern.CodeOf(err) == postern.CodeNotFound {
			notFound.ServeHTTP(w, r)
			return
		}
		if err != nil {
			e.Log.ErrorContext(r.Context(), "facade", "op", "return", "err", err)
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusSeeOther)
	})
}
