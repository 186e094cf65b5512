package main

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what an operator watches: requests by kind and status, and notifications nobody asked for.
type metrics struct {
	registry *prometheus.Registry
	seconds  *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "postern_request_seconds", Help: "Requests by room (api, checkout, callback, other) and status class.", Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"room", "status"})}
	m.registry.MustRegister(m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler(s *theSwitch) http.Handler {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "postern_callback_unknown_total", Help: "Notifications to addresses that no attempt has."},
		func() float64 { return float64(s.callback.Unknown.Load()) }))
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// count measures every request.
func (m *metrics) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(status, r)
		m.seconds.WithLabelValues(room(r.URL.Path), strconv.Itoa(status.status/100)+"xx").Observe(time.Since(began).Seconds())
	})
}

func room(path string) string {
	switch {
	case strings.HasPrefix(path, "/v1/"):
		return "api"
	case strings.HasPrefix(path, "/c/"):
		return "checkout"
	case strings.HasPrefix(path, "/n/"):
		return "callback"
	}
	return "other"
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
