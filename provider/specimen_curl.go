package provider

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxWords bounds the words of a curl command.
const maxWords = 1000

// curlValued are curl's options that take a value which does not matter here.
var curlValued = map[string]bool{
	"-o": true, "--output": true, "-m": true, "--max-time": true, "--connect-timeout": true, "-x": true, "--proxy": true, "-w": true, "--write-out": true, "-E": true, "--cert": true,
	"--key": true, "--cacert": true, "--resolve": true, "--retry": true, "-c": true, "--cookie-jar": true, "--interface": true, "-D": true, "--dump-header": true, "--cert-type": true,
	"-u": true, "--user": true, "--max-redirs": true,
}

// readCurl reads a curl command as browsers and documents write it.
func readCurl(text string) (Specimen, error) {
	words, err := shellWords(text)
	if err != nil {
		return Specimen{}, err
	}
	s := Specimen{Header: http.Header{}}
	var data []string
	asQuery, sent := false, false
	for i := 1; i < len(words); i++ {
		word := words[i]
		name, value, inline := strings.Cut(word, "=")
		if !strings.HasPrefix(word, "--") || !inline {
			name, value, inline = word, "", false
		}
		if len(word) > 2 && word[0] == '-' && word[1] != '-' && strings.ContainsRune("XHdbAeFu", rune(word[1])) { // -XPOST, -H'...'
			name, value, inline = word[:2], word[2:], true
		}
		next := func() string {
			if !inline && i+1 < len(words) {
				i++
				value = words[i]
			}
			return value
		}
		switch name {
		case "-X", "--request":
			s.Method = strings.ToUpper(next())
		case "--url":
			s.URL = next()
		case "-H", "--header":
			if header, v, found := strings.Cut(next(), ":"); found && len(s.Header) < maxHeaders {
				s.Header[header] = append(s.Header[header], strings.TrimSpace(v))
			}
		case "-A", "--user-agent":
			s.Header["User-Agent"] = []string{next()}
		case "-e", "--referer", "-b", "--cookie":
			next()
		case "-G", "--get":
			asQuery = true
		case "-I", "--head":
			s.Method = http.MethodHead
		case "-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json":
			piece, err := curlData(name, next())
			if err != nil {
				return s, err
			}
			data, sent = append(data, piece), true
		case "-F", "--form":
			return s, fmt.Errorf("%w: a multipart form (-F) cannot be read from a curl command; paste the raw message", ErrSpecimen)
		default:
			switch {
			case curlValued[name]:
				next()
			case !strings.HasPrefix(word, "-") && s.URL == "":
				s.URL = word
			}
		}
	}
	return curled(s, strings.Join(data, "&"), asQuery, sent)
}

// curlData is what a data option sends. A file cannot be read from here.
func curlData(option, value string) (string, error) {
	if strings.HasPrefix(value, "@") && option != "--data-raw" {
		return "", fmt.Errorf("%w: the command takes its body from a file; paste the body in its place", ErrSpecimen)
	}
	if option != "--data-urlencode" {
		return value, nil
	}
	if name, content, found := strings.Cut(value, "="); found {
		if name == "" {
			return url.QueryEscape(content), nil
		}
		return name + "=" + url.QueryEscape(content), nil
	}
	return url.QueryEscape(value), nil
}

func curled(s Specimen, data string, asQuery, sent bool) (Specimen, error) {
	switch {
	case s.URL == "":
		return s, fmt.Errorf("%w: the curl command has no address", ErrSpecimen)
	case asQuery && strings.Contains(s.URL, "?"):
		s.URL += "&" + data
	case asQuery && data != "":
		s.URL += "?" + data
	default:
		s.Body = []byte(data)
	}
	if s.Method == "" {
		s.Method = http.MethodGet
		if sent && !asQuery {
			s.Method = http.MethodPost
		}
	}
	return s, nil
}

// shellWords splits a command as a POSIX shell does, with $'...' as browsers write it, and backslashes before line ends.
func shellWords(text string) ([]string, error) {
	var words []string
	var b strings.Builder
	open := false // a word has begun
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			if open {
				words, open = append(words, b.String()), false
				b.Reset()
			}
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
			if text[i] != '\n' {
				b.WriteByte(text[i])
				open = true
			}
		case c == '\'' || c == '"' || c == '$' && i+1 < len(text) && text[i+1] == '\'':
			end, inside, err := quoted(text, i)
			if err != nil {
				return nil, err
			}
			b.WriteString(inside)
			i, open = end, true
		default:
			b.WriteByte(c)
			open = true
		}
		if len(words) > maxWords {
			return nil, fmt.Errorf("%w: a command of more than %d words", ErrSpecimen, maxWords)
		}
	}
	if open {
		words = append(words, b.String())
	}
	return words, nil
}

// quoted reads a quotation that begins at i, and says where its last byte is.
func quoted(text string, i int) (end int, inside string, err error) {
	ansi := text[i] == '$'
	if ansi {
		i++
	}
	quote := text[i]
	var b strings.Builder
	for i++; i < len(text); i++ {
		c := text[i]
		switch {
		case c == quote:
			return i, b.String(), nil
		case c != '\\' || quote == '\'' && !ansi || i+1 == len(text):
			b.WriteByte(c)
		case ansi:
			taken, out := ansiEscape(text[i:])
			b.WriteString(out)
			i += taken - 1
		default: // in double quotes a backslash escapes these and stands for itself before others
			i++
			switch text[i] {
			case '"', '\\', '$', '`':
				b.WriteByte(text[i])
			case '\n':
			default:
				b.WriteByte('\\')
				b.WriteByte(text[i])
			}
		}
	}
	return 0, "", fmt.Errorf("%w: a quotation mark of the command is not closed", ErrSpecimen)
}

// ansiEscape reads one escape of $'...'; s begins with the backslash and has a byte after it.
func ansiEscape(s string) (taken int, out string) {
	if i := strings.IndexByte("nrtabfv", s[1]); i >= 0 {
		return 2, "\n\r\t\a\b\f\v"[i : i+1]
	}
	digits := map[byte]int{'u': 4, 'U': 8, 'x': 2}[s[1]]
	if digits > 0 && len(s) >= 2+digits {
		if n, err := strconv.ParseUint(s[2:2+digits], 16, 32); err == nil {
			if s[1] == 'x' {
				return 4, string([]byte{byte(n)})
			}
			return 2 + digits, string(rune(n))
		}
	}
	return 2, s[1:2]
}
