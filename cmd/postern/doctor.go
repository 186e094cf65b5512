package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"postern/provider"
	"postern/provider/all"
	"postern/web/ui"
)

// doctorCmd groups examinations.
type doctorCmd struct {
	Signature doctorSignatureCmd `cmd:"" help:"Examine a signed message: which key, text, parameter or byte is to blame. Exit code 0: it is good; 1: it is not; 2: it cannot be read."`
}

// doctorSignatureCmd examines one message. It needs no configuration and no database, and asks nobody.
type doctorSignatureCmd struct {
	Provider   string   `help:"Whose protocol it is; guessed without it."`
	Key        []string `sep:"none" help:"A public key, certificate or private key (PEM, or its bare base64), as FILE or NAME=FILE, where NAME is the provider's field or the key's id. More than one is tried."`
	SecretFile []string `sep:"none" help:"A shared secret, as FILE or NAME=FILE. One line break at its end is not part of it."`
	Kind       string   `enum:",request,response,notification" default:"" help:"What the message is: request, response or notification; guessed without it."`
	Text       string   `type:"existingfile" help:"The text that your own program signs or verifies: the doctor says what is wrong with it."`
	Received   string   `help:"When the message arrived, such as 2026-11-22T12:00:00+08:00; its own Date counts without it."`
	File       string   `arg:"" default:"-" help:"A raw HTTP message, a curl command, a HAR entry, an address or a body alone; - reads the standard input."`
}

// exitCode ends the command without another word.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// unreadable is the exit code of a message that is none.
const unreadable exitCode = 2

func (c *doctorSignatureCmd) Run(rt *runtime) error {
	lang := terminalLang(os.Getenv)
	code, d, err := c.examine(rt)
	if err != nil {
		fmt.Fprintln(rt.stderr, "postern:", err)
		return unreadable
	}
	description := all.Registry()[code].Describe()
	report{rt.stdout, lang}.print(description, d, c.built())
	if !d.Valid || d.Yours.Code != "" && d.Yours.Code != "built_right" {
		return exitCode(1)
	}
	return nil
}

// examine reads everything and hands it to the provider.
func (c *doctorSignatureCmd) examine(rt *runtime) (string, provider.Diagnosis, error) {
	registry := all.Registry()
	if c.Provider != "" {
		if _, ok := registry[c.Provider].(provider.Diagnoser); !ok {
			return "", provider.Diagnosis{}, fmt.Errorf("--provider %q: there is no doctor for it", c.Provider)
		}
	}
	raw, err := c.message(rt.stdin)
	if err != nil {
		return "", provider.Diagnosis{}, err
	}
	keys, err := c.keys()
	if err != nil {
		return "", provider.Diagnosis{}, err
	}
	kinds := []provider.SpecimenKind{provider.SpecimenKind(c.Kind)}
	if c.Kind == "" {
		kinds = append(kinds, provider.SpecimenResponse) // a saved exchange of which only the answer is signed
	}
	for i, kind := range kinds {
		s, err := provider.ReadSpecimen(raw, kind)
		if err != nil {
			if i > 0 {
				break
			}
			return "", provider.Diagnosis{}, err
		}
		s.Keys, s.Built = keys, c.built()
		if c.Received != "" {
			if s.Now, err = time.Parse(time.RFC3339, c.Received); err != nil {
				return "", provider.Diagnosis{}, errors.New("--received: write it as 2026-11-22T12:00:00+08:00")
			}
		}
		if code, d, ok := registry.Diagnose(c.Provider, s); ok {
			return code, d, nil
		}
	}
	return "", provider.Diagnosis{}, errors.New("no provider's protocol is recognised: paste the whole message with its headers, or name it with --provider")
}

// maxDoctorFile bounds each file that is read, in bytes.
const maxDoctorFile = 4 << 20

func (c *doctorSignatureCmd) message(stdin io.Reader) ([]byte, error) {
	if c.File == "-" {
		return io.ReadAll(io.LimitReader(stdin, maxDoctorFile))
	}
	return readBounded(c.File)
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxDoctorFile))
}

// built is the asker's own text; the file exists, which the command line has checked.
func (c *doctorSignatureCmd) built() []byte {
	if c.Text == "" {
		return nil
	}
	raw, err := readBounded(c.Text)
	if err != nil {
		return nil
	}
	return raw
}

func (c *doctorSignatureCmd) keys() ([]provider.SpecimenKey, error) {
	var keys []provider.SpecimenKey
	for _, given := range c.Key {
		name, path := named(given)
		raw, err := readBounded(path)
		if err != nil {
			return nil, fmt.Errorf("--key: %w", err)
		}
		keys = append(keys, provider.SpecimenKey{Name: name, PEM: string(raw)})
	}
	for _, given := range c.SecretFile {
		name, path := named(given)
		raw, err := readBounded(path)
		if err != nil {
			return nil, fmt.Errorf("--secret-file: %w", err)
		}
		keys = append(keys, provider.SpecimenKey{Name: name, Secret: []byte(strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r"))})
	}
	return keys, nil
}

// named takes NAME=FILE apart. What looks like a path before the = is part of the path.
func named(given string) (name, path string) {
	if name, path, found := strings.Cut(given, "="); found && name != "" && !strings.ContainsAny(name, "/\\.") {
		return name, path
	}
	return "", given
}

// terminalLang is the language of the terminal: Chinese where it says so, else English.
func terminalLang(env func(string) string) ui.Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := env(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return ui.ZH
			}
			return ui.EN
		}
	}
	return ui.EN
}
