// An API with one protected route: verifies the token, then asks whether its holder may read ledgers.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math/big"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

var (
	issuer = env("ISSUER", "http://127.0.0.1:4000")
	client = &http.Client{Timeout: 5 * time.Second}
	ring   = &keys{}
)

var errUnreachable = errors.New("the keys cannot be fetched")

// keys remembers the public keys, and fetches them again for one that it does not know.
type keys struct {
	mutex   sync.Mutex
	known   map[string]any
	fetched time.Time
}

func (k *keys) find(token *jwt.Token) (any, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	kid, _ := token.Header["kid"].(string)
	age := time.Since(k.fetched)
	// A stranger's key id must not make us fetch at every request.
	if _, known := k.known[kid]; age > 5*time.Minute || (!known && age > 5*time.Second) {
		if err := k.fetch(); err != nil {
			return nil, err
		}
	}
	key, known := k.known[kid]
	if !known {
		return nil, fmt.Errorf("no key %q", kid)
	}
	// The key decides the algorithm, never the token.
	switch key.(type) {
	case *rsa.PublicKey:
		if token.Method != jwt.SigningMethodRS256 {
			return nil, errors.New("not the algorithm of this key")
		}
	case *ecdsa.PublicKey:
		if token.Method != jwt.SigningMethodES256 {
			return nil, errors.New("not the algorithm of this key")
		}
	}
	return key, nil
}

func (k *keys) fetch() error {
	answer, err := client.Get(issuer + "/.well-known/jwks.json")
	if err != nil {
		return errUnreachable
	}
	defer answer.Body.Close()
	var set struct {
		Keys []struct{ Kid, Kty, Crv, N, E, X, Y string }
	}
	if answer.StatusCode != http.StatusOK || json.NewDecoder(answer.Body).Decode(&set) != nil {
		return errUnreachable
	}
	known := map[string]any{}
	for _, key := range set.Keys {
		switch {
		case key.Kty == "RSA":
			known[key.Kid] = &rsa.PublicKey{N: number(key.N), E: int(number(key.E).Int64())}
		case key.Kty == "EC" && key.Crv == "P-256":
			known[key.Kid] = &ecdsa.PublicKey{Curve: elliptic.P256(), X: number(key.X), Y: number(key.Y)}
		}
	}
	k.known, k.fetched = known, time.Now()
	return nil
}

func number(text string) *big.Int {
	raw, _ := base64.RawURLEncoding.DecodeString(text)
	return new(big.Int).SetBytes(raw)
}

// verify gives the claims of an access token of this issuer, and an error for anything else.
func verify(text string) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256", "ES256"}))
	if _, err := parser.ParseWithClaims(text, claims, ring.find); err != nil {
		if errors.Is(err, errUnreachable) {
			return nil, errUnreachable
		}
		return nil, err
	}
	// An ID token has the same issuer and the same keys, and is no permission to call anything.
	if !claims.VerifyIssuer(issuer, true) || !claims.VerifyExpiresAt(time.Now().Unix(), true) || claims["token_use"] != "access" {
		return nil, errors.New("not an access token of this issuer")
	}
	return claims, nil
}

// ask gives 200 for a clear yes, 403 for no, 401 where the token was ended before its time, and 503 without an answer.
func ask(token, resource, action string) int {
	question, _ := json.Marshal(map[string]string{"resource": resource, "action": action})
	request, _ := http.NewRequest(http.MethodPost, issuer+"/v1/authorize", bytes.NewReader(question))
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return http.StatusServiceUnavailable
	}
	defer answer.Body.Close()
	var said struct{ Authorized bool }
	switch {
	case answer.StatusCode == http.StatusUnauthorized:
		return http.StatusUnauthorized
	case answer.StatusCode != http.StatusOK || json.NewDecoder(answer.Body).Decode(&said) != nil:
		return http.StatusServiceUnavailable
	case said.Authorized:
		return http.StatusOK
	}
	return http.StatusForbidden
}

func ledgers(response http.ResponseWriter, request *http.Request) {
	scheme, token, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		reply(response, http.StatusUnauthorized, "Send an access token.")
		return
	}
	claims, err := verify(token)
	if errors.Is(err, errUnreachable) {
		reply(response, http.StatusServiceUnavailable, "Permissions cannot be checked now. Try again soon.")
		return
	}
	if err != nil {
		reply(response, http.StatusUnauthorized, "The token is not valid. Ask for a new one.")
		return
	}
	if status := ask(token, "ledgers", "get"); status != http.StatusOK {
		reply(response, status, "You may not read ledgers now.")
		return
	}
	response.Header().Set("Content-Type", "application/json")
	json.NewEncoder(response).Encode(map[string]any{"ledgers": []string{}, "for": claims["sub"]})
}

func reply(response http.ResponseWriter, status int, message string) {
	if status == http.StatusUnauthorized {
		response.Header().Set("WWW-Authenticate", "Bearer")
	}
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	json.NewEncoder(response).Encode(map[string]string{"message": message})
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	http.HandleFunc("/ledgers", ledgers)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+env("PORT", "8080"), nil))
}
