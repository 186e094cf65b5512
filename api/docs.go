package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// openAPIPath is where the document is served, with .json or .yaml behind it.
const openAPIPath = "/v1/openapi"

const about = `A self-hosted payment switch. It never holds your money: providers settle to your own account.

Amounts are integers of minor units (6800 is 68.00), 1 to 1000000000000. Times are RFC 3339. Fields and query parameters that the API does not know are refused
by name. Lists are {object: "list", data, next_cursor}; ask for the next page with after=next_cursor.

Every error is application/problem+json with a stable code to program against, the field that is wrong, what to send instead, and the id of the request.

Ship on an event or on a payment that you read, never on a buyer's return: return_url carries payment_id only and proves nothing.

References are yours and unique for ever. Idempotency-Key is optional where it is listed: a repetition with the same key and body answers with the object's present
state and the header Idempotency-Replayed, with another body it is refused (422), while the first is under way it is told so (409). Keys live 30 days; refusals
(4xx) are not stored.`

// words says what a status means here, for people.
var words = map[int]string{
	http.StatusOK: "Done, or what was asked for.", http.StatusCreated: "Made. With Idempotency-Replayed: true it was made before, and this is its present state.",
	http.StatusAccepted: "Under way: the provider has not answered yet. Read the object again, or wait for the event.", http.StatusBadRequest: "The body is missing or is not one plain JSON object.",
	http.StatusUnauthorized: "The API key is missing, unknown or revoked.", http.StatusForbidden: "The key may not do this: it is of the other mode, or the object is the partner's.",
	http.StatusNotFound: "There is no such object, or it is somebody else's; the answer is the same.", http.StatusConflict: "The object's state stands in the way; code says why, object_id names what does.",
	http.StatusRequestEntityTooLarge: "The body is larger than 64 KiB.", http.StatusUnsupportedMediaType: "The body is not application/json.",
	http.StatusUnprocessableEntity: "A field is wrong: field names it, fix says what to send.", http.StatusTooManyRequests: "Too many requests: come again after Retry-After seconds.", http.StatusBadGateway: "The provider's answer did not come, or is not to be believed: ask again.",
	http.StatusInternalServerError: "Something went wrong on our side. Sending the same request again is safe.", http.StatusServiceUnavailable: "The outcome is not known yet. Sending the same request again is safe and tells.",
}

// op describes one operation. Besides what every operation may answer, conflicts and other statuses of its own are given by others.
func op(id, method, path, summary, description string, status int, others ...int) huma.Operation {
	o := huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: description, DefaultStatus: status, Tags: []string{tag(path)}}
	o.Errors = []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}
	if method != http.MethodGet {
		o.Errors = append(o.Errors, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	for _, other := range others {
		if other >= http.StatusBadRequest {
			o.Errors = append(o.Errors, other)
		} else {
			o.Responses = map[string]*huma.Response{strconv.Itoa(other): {}}
		}
	}
	return o
}

// tag is the resource of a path: what comes after /v1/.
func tag(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/v1/"), "/")
	if len(parts) > 2 && !strings.HasPrefix(parts[2], "{") {
		switch parts[2] {
		case "attempts", "refunds", "deliveries", "generations", "statements":
			return parts[2]
		}
	}
	return strings.ReplaceAll(parts[0], "_", " ")
}

// describe finishes the document: plain words for every answer, and the body of second success answers.
func (a *API) describe() {
	document := a.huma.OpenAPI()
	for name, schema := range document.Components.Schemas.Map() {
		if schema.Type == huma.TypeObject && schema.AdditionalProperties == false && !strings.HasSuffix(name, "Body") && name != "SurplusPolicy" {
			schema.AdditionalProperties = nil // What we answer may grow; what we take is exact.
		}
	}
	for _, item := range document.Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch} {
			if o == nil {
				continue
			}
			done := o.Responses[strconv.Itoa(o.DefaultStatus)]
			for code, response := range o.Responses {
				status, err := strconv.Atoi(code)
				if err != nil {
					continue
				}
				response.Description = words[status]
				if status < http.StatusBadRequest && response.Content == nil {
					response.Content, response.Headers = done.Content, done.Headers
				}
			}
			o.Parameters = append(o.Parameters, &huma.Param{
				Name: "Postern-Merchant", In: "header", Description: "For a partner's key: the merchant to act for.", Schema: &huma.Schema{Type: huma.TypeString},
			})
		}
	}
}
