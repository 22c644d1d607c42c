package example;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.client.RefreshTokenOAuth2AuthorizedClientProvider;
import org.springframework.security.oauth2.client.oidc.authentication.OidcIdTokenDecoderFactory;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.DefaultOAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.client.web.HttpSessionOAuth2AuthorizedClientRepository;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestCustomizers;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizedClientRepository;
import org.springframework.security.oauth2.client.web.OAuth2LoginAuthenticationFilter;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtDecoderFactory;
import org.springframework.security.web.SecurityFilterChain;

@Configuration
class SecurityConfig {

    @Value("${ISSUER}")
    private String issuer;

    @Value("${ORGANIZATION:}")
    private String organization;

    @Bean
    SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
        var requests = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
        // Spring sends PKCE for public clients by itself; Doorward wants it of everyone.
        requests.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce().andThen(request -> {
            if (!organization.isEmpty()) {
                request.additionalParameters(parameters -> parameters.put("tenant", organization));
            }
        }));
        var signOut = new OidcClientInitiatedLogoutSuccessHandler(clients);
        signOut.setPostLogoutRedirectUri("{baseUrl}/");
        return http.authorizeHttpRequests(paths -> paths.anyRequest().permitAll())
                .oauth2Login(login -> login.loginPage("/login")
                        .authorizationEndpoint(endpoint -> endpoint.authorizationRequestResolver(requests))
                        .redirectionEndpoint(endpoint -> endpoint.baseUri("/callback"))
                        .defaultSuccessUrl("/", true)
                        .failureHandler((request, response, failure) -> response.sendError(400)))
                .addFilterBefore(issuerOfTheAnswer(), OAuth2LoginAuthenticationFilter.class)
                .logout(logout -> logout.logoutRequestMatcher(request -> request.getServletPath().equals("/logout"))
                        .logoutSuccessHandler(signOut))
                .build();
    }

    /** RFC 9207; Spring leaves it to you. */
    private Filter issuerOfTheAnswer() {
        return (request, response, chain) -> {
            boolean callback = ((HttpServletRequest) request).getServletPath().equals("/callback");
            if (callback && !issuer.equals(request.getParameter("iss"))) {
                ((HttpServletResponse) response).sendError(400);
            } else {
                chain.doFilter(request, response);
            }
        };
    }

    /** Spring expects RS256 unless told. ES256 is Doorward's default; it must be the application's `signing_algorithm`. */
    @Bean
    JwtDecoderFactory<ClientRegistration> idTokens() {
        var decoders = new OidcIdTokenDecoderFactory();
        decoders.setJwsAlgorithmResolver(client -> SignatureAlgorithm.ES256);
        return decoders;
    }

    /** In the session, not by name: two browsers of one person have refresh tokens of their own. */
    @Bean
    OAuth2AuthorizedClientRepository tokens() {
        return new HttpSessionOAuth2AuthorizedClientRepository();
    }

    /** Spring refreshes a minute before the end. Here a day before, so that /refresh always has something to show. */
    @Bean
    RefreshTokenOAuth2AuthorizedClientProvider refreshes(ApplicationEventPublisher events) {
        var provider = new RefreshTokenOAuth2AuthorizedClientProvider();
        provider.setClockSkew(Duration.ofDays(1));
        provider.setApplicationEventPublisher(events); // renews ID token and user in the session
        return provider;
    }
}
