// Signs people in through Doorward, with go-oidc and golang.org/x/oauth2.
//
//	go mod tidy
//	ISSUER=https://sso.example.com/t/acme CLIENT_ID=… CLIENT_SECRET=… PORT=3000 go run .
//
// With the issuer of the installation, ORGANIZATION=acme names the tenant; without it Doorward asks for the e-mail address.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// One browser: the login under way, then the tokens and who it is.
type session struct {
	state, nonce, verifier string

	token   *oauth2.Token
	idToken string
	subject string
	user    json.RawMessage
}

type app struct {
	url        string
	issuer     string
	tenant     string
	endSession string
	provider   *oidc.Provider
	verifier   *oidc.IDTokenVerifier
	oauth      oauth2.Config

	lock     sync.Mutex
	sessions map[string]session // by cookie; your application has a database for this
}

func main() {
	for _, name := range []string{"ISSUER", "CLIENT_ID", "CLIENT_SECRET"} {
		if os.Getenv(name) == "" {
			log.Fatalf("not set: %s", name)
		}
	}
	port := cmp.Or(os.Getenv("PORT"), "3000")
	a := &app{
		url:      "http://127.0.0.1:" + port,
		issuer:   os.Getenv("ISSUER"),
		tenant:   os.Getenv("ORGANIZATION"),
		sessions: map[string]session{},
	}
	provider, err := oidc.NewProvider(context.Background(), a.issuer) // discovery; fetches keys when it needs them
	if err != nil {
		log.Fatalf("no Doorward answers at %s: %v", a.issuer, err)
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&more); err != nil {
		log.Fatal(err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader // client_secret_basic
	a.provider, a.endSession = provider, more.EndSession
	a.oauth = oauth2.Config{
		ClientID:     os.Getenv("CLIENT_ID"),
		ClientSecret: os.Getenv("CLIENT_SECRET"),
		Endpoint:     endpoint,
		RedirectURL:  a.url + "/callback",
		Scopes:       []string{oidc.ScopeOpenID, "profile", "email", "groups", oidc.ScopeOfflineAccess},
	}
	a.verifier = provider.Verifier(&oidc.Config{ClientID: a.oauth.ClientID})

	http.HandleFunc("GET /{$}", a.whoAmI)
	http.HandleFunc("GET /login", a.login)
	http.HandleFunc("GET /callback", a.callback)
	http.HandleFunc("GET /refresh", a.refresh)
	http.HandleFunc("GET /logout", a.logout)
	fmt.Println("READY", a.url)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}

func (a *app) whoAmI(w http.ResponseWriter, r *http.Request) {
	s := a.session(r)
	if s.token == nil {
		answer(w, http.StatusOK, map[string]any{"signed_in": false})
		return
	}
	answer(w, http.StatusOK, map[string]any{"signed_in": true, "user": s.user, "expires_at": s.token.Expiry.Unix()})
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	s := a.session(r)
	s.state, s.nonce, s.verifier = rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oidc.Nonce(s.nonce), oauth2.S256ChallengeOption(s.verifier)}
	if a.tenant != "" {
		options = append(options, oauth2.SetAuthURLParam("tenant", a.tenant))
	}
	a.open(w, r, s)
	http.Redirect(w, r, a.oauth.AuthCodeURL(s.state, options...), http.StatusSeeOther)
}

func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	s, query := a.session(r), r.URL.Query()
	switch {
	case s.state == "" || query.Get("state") != s.state:
		refuse(w, "wrong_state")
	case query.Get("iss") != a.issuer: // RFC 9207; the library leaves it to you
		refuse(w, "wrong_issuer")
	case query.Has("error"):
		refuse(w, query.Get("error"))
	default:
		if err := a.redeem(r.Context(), &s, query.Get("code")); err != nil {
			fail(w, err)
			return
		}
		a.open(w, r, s) // under a new id: whoever knew the old one gains nothing
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// redeem turns the code into tokens, and believes the ID token only after signature, issuer, audience, time and nonce.
func (a *app) redeem(ctx context.Context, s *session, code string) error {
	token, err := a.oauth.Exchange(ctx, code, oauth2.VerifierOption(s.verifier))
	if err != nil {
		return err
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := a.verifier.Verify(ctx, raw)
	if err != nil {
		return err
	}
	if verified.Nonce != s.nonce {
		return errors.New("wrong nonce")
	}
	*s = session{idToken: raw, subject: verified.Subject}
	return a.take(ctx, s, token)
}

// refresh uses the refresh token, which is good for one use: the session is put aside meanwhile, and gone if Doorward refuses.
func (a *app) refresh(w http.ResponseWriter, r *http.Request) {
	s := a.close(r)
	if s.token == nil {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	// Without an access token the source goes and refreshes.
	token, err := a.oauth.TokenSource(r.Context(), &oauth2.Token{RefreshToken: s.token.RefreshToken}).Token()
	if err == nil {
		err = a.take(r.Context(), &s, token)
	}
	if err != nil {
		fail(w, err)
		return
	}
	a.open(w, r, s)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// logout ends the session here, and then at Doorward.
func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	s := a.close(r)
	if s.token == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	query := url.Values{"id_token_hint": {s.idToken}, "post_logout_redirect_uri": {a.url + "/"}}
	http.Redirect(w, r, a.endSession+"?"+query.Encode(), http.StatusSeeOther)
}

// take keeps the tokens and asks who it is as Doorward knows them now, which must be who signed in.
func (a *app) take(ctx context.Context, s *session, token *oauth2.Token) error {
	user, err := a.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return err
	}
	if user.Subject != s.subject {
		return errors.New("another person")
	}
	s.token = token
	return user.Claims(&s.user)
}

func (a *app) session(r *http.Request) session {
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.sessions[id(r)]
}

// close takes the browser's session away.
func (a *app) close(r *http.Request) session {
	a.lock.Lock()
	defer a.lock.Unlock()
	s := a.sessions[id(r)]
	delete(a.sessions, id(r))
	return s
}

// open keeps the session under a new unguessable id, and takes the old one away.
func (a *app) open(w http.ResponseWriter, r *http.Request, s session) {
	a.close(r)
	a.lock.Lock()
	defer a.lock.Unlock()
	fresh := rand.Text()
	a.sessions[fresh] = s
	// And Secure, on https.
	http.SetCookie(w, &http.Cookie{Name: "app", Value: fresh, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func id(r *http.Request) string {
	cookie, err := r.Cookie("app")
	if err != nil {
		return ""
	}
	return cookie.Value
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, code string) {
	answer(w, http.StatusBadRequest, map[string]string{"error": code})
}

// fail tells the code of Doorward's refusal; everything else is for the log.
func fail(w http.ResponseWriter, err error) {
	log.Print(err)
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.ErrorCode != "" {
		refuse(w, refused.ErrorCode)
		return
	}
	refuse(w, "failed")
}
