package main

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// ready is the ready file: what a script needs to use a running demo or sandbox. It is written whole, mode 0600, when every listener accepts.
type ready struct {
	Schema     int       `json:"schema"`
	PID        int       `json:"pid"`
	API        *readyAPI `json:"api,omitempty"`
	MerchantID string    `json:"merchant_id,omitempty"`
	// LinkURL is an item of the sample shop, PaymentURL the checkout of a payment that was made by the API.
	LinkURL    string                       `json:"link_url,omitempty"`
	PaymentURL string                       `json:"payment_url,omitempty"`
	Console    *readyConsole                `json:"console,omitempty"`
	Webhook    *readyWebhook                `json:"webhook,omitempty"`
	Sandboxes  map[string]map[string]string `json:"sandboxes,omitempty"`
	// Facades are accounts that this switch has issued, by the sandboxes' field names: the same code runs against either.
	Facades map[string]map[string]string `json:"facades,omitempty"`
}

// readyConsole is who may sign in to the sample shop's console.
type readyConsole struct {
	URL      string `json:"url"`
	Login    string `json:"login"`
	Password string `json:"password"`
}

type readyAPI struct {
	BaseURL   string `json:"base_url"`
	SecretKey string `json:"secret_key"`
}

type readyWebhook struct {
	URL    string `json:"url"`
	Secret string `json:"secret"`
}

func newReady() *ready {
	return &ready{Schema: 1, PID: os.Getpid(), Sandboxes: map[string]map[string]string{}, Facades: map[string]map[string]string{}}
}

// addSandboxes fills the sandboxes' sections; what is a file there is written below dir.
func (r *ready) addSandboxes(dir string, boxes *sandboxes) error {
	for _, b := range boxes.list {
		section, err := readySection(filepath.Join(dir, "ready", b.Code), b.Ready)
		if err != nil {
			return err
		}
		section["control_url"] = b.control
		r.Sandboxes[b.Code] = section
	}
	return nil
}

func (r *ready) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(text, '\n'))
}
