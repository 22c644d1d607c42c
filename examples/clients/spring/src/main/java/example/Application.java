package example;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.servlet.context.ServletWebServerInitializedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.http.HttpStatus;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.OAuth2AuthorizeRequest;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizedClientRepository;
import org.springframework.security.oauth2.core.OAuth2AuthorizationException;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.view.RedirectView;

/**
 * Signs people in through Doorward, with Spring Boot 3.5 on Java 17.
 *
 * <pre>ISSUER=https://sso.example.com/t/acme CLIENT_ID=… CLIENT_SECRET=… PORT=3000 mvn spring-boot:run</pre>
 *
 * With the issuer of the installation, ORGANIZATION=acme names the tenant; without it Doorward asks for the e-mail address.
 */
@SpringBootApplication
@RestController
public class Application {

    private final OAuth2AuthorizedClientManager manager;
    private final OAuth2AuthorizedClientRepository tokens;

    Application(OAuth2AuthorizedClientManager manager, OAuth2AuthorizedClientRepository tokens) {
        this.manager = manager;
        this.tokens = tokens;
    }

    public static void main(String[] arguments) {
        SpringApplication.run(Application.class, arguments);
    }

    @GetMapping("/")
    Map<String, Object> whoAmI(
            @AuthenticationPrincipal OidcUser user, OAuth2AuthenticationToken session, HttpServletRequest request) {
        OAuth2AuthorizedClient client = session == null ? null : tokens.loadAuthorizedClient("doorward", session, request);
        if (client == null) {
            return Map.of("signed_in", false);
        }
        long expires = client.getAccessToken().getExpiresAt().getEpochSecond();
        return Map.of("signed_in", true, "user", user.getUserInfo().getClaims(), "expires_at", expires);
    }

    @GetMapping("/login")
    RedirectView login() {
        return new RedirectView("/oauth2/authorization/doorward");
    }

    /** Uses the refresh token. The new one replaces it in the session; ID token and user are renewed too. */
    @GetMapping("/refresh")
    RedirectView refresh(OAuth2AuthenticationToken session, HttpServletRequest request, HttpServletResponse response) {
        if (session == null) {
            return new RedirectView("/login");
        }
        manager.authorize(OAuth2AuthorizeRequest.withClientRegistrationId("doorward")
                .principal(session)
                .attribute(HttpServletRequest.class.getName(), request)
                .attribute(HttpServletResponse.class.getName(), response)
                .build());
        return new RedirectView("/");
    }

    /** Refused by Doorward: Spring has forgotten the tokens then. */
    @ExceptionHandler
    @ResponseStatus(HttpStatus.BAD_REQUEST)
    Map<String, Object> refused(OAuth2AuthorizationException refusal) {
        return Map.of("error", refusal.getError().getErrorCode());
    }

    @EventListener
    void ready(ServletWebServerInitializedEvent event) {
        System.out.println("READY http://127.0.0.1:" + event.getWebServer().getPort());
    }
}
