package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"postern"
)

// Problem is the body of every error (RFC 9457). It never echoes a value that was sent.
type Problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Code      string `json:"code" doc:"A stable word to program against."`
	Detail    string `json:"detail"`
	Field     string `json:"field,omitempty" doc:"The field that is wrong, as a path."`
	Fix       string `json:"fix,omitempty" doc:"What to send instead."`
	ObjectID  string `json:"object_id,omitempty" doc:"The object that stands in the way."`
	RequestID string `json:"request_id"`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is huma's way to learn the status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type of problems.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statuses maps every code to its HTTP status, once. What is not here is 400.
var statuses = map[postern.Code]int{
	postern.CodeInvalid: 422, "unknown_currency": 422, "amount_out_of_range": 422, postern.CodeNotFound: 404, postern.CodeConflict: 409,
	postern.CodeReferenceTaken: 409, postern.CodeAlreadyPaid: 409, postern.CodePaymentClosed: 409, postern.CodeAttemptLive: 409, postern.CodeAttemptUnknown: 409,
	postern.CodeNoRoute: 422, postern.CodeRefundExceeds: 422, postern.CodeNothingToRefund: 409, postern.CodeSurplusSettled: 409, postern.CodeIdempotency: 422,
	postern.CodeInFlight: 409, postern.CodeUnauthenticated: 401, postern.CodeForbidden: 403, postern.CodeModeMismatch: 403, postern.CodeInternal: 500,
	postern.CodeCommitUnknown: 503, postern.CodeRateLimited: 429, postern.CodeProviderRefused: 422, postern.CodeNotSupported: 422, postern.CodeImpossibleChange: 409,
}

// problem turns any error into a Problem. An error that is not ours is logged by the caller and told as internal.
func problem(ctx context.Context, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		p.RequestID = requestID(ctx)
		return p
	}
	var e *postern.Error
	if !errors.As(err, &e) {
		return newProblem(ctx, http.StatusInternalServerError, string(postern.CodeInternal), "something went wrong on our side; the request may be sent again", "", "")
	}
	status, ok := statuses[e.Code]
	if !ok {
		status = http.StatusBadRequest
	}
	p = newProblem(ctx, status, string(e.Code), e.Message, e.Field, e.Fix)
	if status >= http.StatusInternalServerError {
		p.Detail = "something went wrong on our side; send the same request again to learn what became of it"
	}
	p.ObjectID = e.ID
	return p
}

func newProblem(ctx context.Context, status int, code, detail, field, fix string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail, Field: field, Fix: fix, RequestID: requestID(ctx)}
}

// fromHuma is what huma's own refusals (unknown fields, types, bounds) become: the first one, by field, with what to send.
func fromHuma(ctx context.Context, status int, message string, errs ...error) huma.StatusError {
	p := newProblem(ctx, status, codeOfStatus(status), message, "", "")
	for _, err := range errs {
		var d *huma.ErrorDetail
		var bad *badJSON
		switch {
		case errors.As(err, &d):
			p.Detail, p.Field = d.Message, strings.TrimPrefix(strings.TrimPrefix(d.Location, "body."), "query.")
			p.Fix = fixFor(d.Message)
			return p
		case errors.As(err, &bad):
			p.Detail, p.Field, p.Fix = bad.message, bad.field, bad.fix
			return p
		}
	}
	return p
}

func fixFor(message string) string {
	if rest, ok := strings.CutPrefix(message, "expected "); ok {
		return "send " + strings.TrimPrefix(rest, "required ")
	}
	if strings.HasPrefix(message, "unexpected property") {
		return "leave the field out; the API refuses fields that it does not know"
	}
	return "see /v1/openapi.json"
}

func codeOfStatus(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return string(postern.CodeUnauthenticated)
	case http.StatusNotFound:
		return string(postern.CodeNotFound)
	case http.StatusRequestEntityTooLarge:
		return "body_too_large"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	}
	if status >= http.StatusInternalServerError {
		return string(postern.CodeInternal)
	}
	return string(postern.CodeInvalid)
}

// writeProblem answers outside huma (middleware, unknown routes).
func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}
