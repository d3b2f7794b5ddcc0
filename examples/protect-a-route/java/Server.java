// An API with one protected route: verifies the token, then asks whether its holder may read ledgers.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;

public final class Server {
    private static final String ISSUER = System.getenv().getOrDefault("ISSUER", "http://127.0.0.1:4000");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private static final Base64.Decoder BASE64 = Base64.getUrlDecoder();

    private static Map<String, PublicKey> keys = Map.of();
    private static Instant fetched = Instant.MIN;

    /** A token that is not one of ours. */
    private static final class Refused extends Exception {}

    /** The claims of an access token of this issuer. */
    private static JsonNode verify(String token) throws Refused, IOException, InterruptedException {
        try {
            String[] parts = token.split("\\.", -1);
            if (parts.length != 3) throw new Refused();
            PublicKey key = key(JSON.readTree(BASE64.decode(parts[0])).path("kid").asText());
            // The key decides the algorithm, never the token.
            boolean rsa = key.getAlgorithm().equals("RSA");
            Signature signature = Signature.getInstance(rsa ? "SHA256withRSA" : "SHA256withECDSAinP1363Format");
            signature.initVerify(key);
            signature.update((parts[0] + "." + parts[1]).getBytes("US-ASCII"));
            if (!signature.verify(BASE64.decode(parts[2]))) throw new Refused();
            JsonNode claims = JSON.readTree(BASE64.decode(parts[1]));
            boolean ours = claims.path("iss").asText().equals(ISSUER);
            boolean alive = claims.path("exp").isIntegralNumber() && Instant.now().getEpochSecond() < claims.get("exp").asLong();
            // An ID token has the same issuer and the same keys, and is no permission to call anything.
            if (!ours || !alive || !claims.path("token_use").asText().equals("access")) throw new Refused();
            return claims;
        } catch (GeneralSecurityException | IllegalArgumentException | com.fasterxml.jackson.core.JacksonException malformed) {
            throw new Refused();
        }
    }

    /** Fetches the keys every five minutes, and for one that is not known, at most every five seconds. */
    private static synchronized PublicKey key(String kid)
            throws Refused, IOException, InterruptedException, GeneralSecurityException {
        Duration age = fetched == Instant.MIN ? Duration.ofDays(1) : Duration.between(fetched, Instant.now());
        if (age.toMinutes() >= 5 || (!keys.containsKey(kid) && age.toSeconds() >= 5)) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(ISSUER + "/.well-known/jwks.json")).timeout(Duration.ofSeconds(5)).build();
            Map<String, PublicKey> found = new HashMap<>();
            for (JsonNode jwk : JSON.readTree(CLIENT.send(request, BodyHandlers.ofString()).body()).path("keys")) {
                if (jwk.path("kty").asText().equals("RSA")) {
                    RSAPublicKeySpec spec = new RSAPublicKeySpec(number(jwk, "n"), number(jwk, "e"));
                    found.put(jwk.path("kid").asText(), KeyFactory.getInstance("RSA").generatePublic(spec));
                } else if (jwk.path("crv").asText().equals("P-256")) {
                    AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
                    curve.init(new ECGenParameterSpec("secp256r1"));
                    ECPoint point = new ECPoint(number(jwk, "x"), number(jwk, "y"));
                    ECPublicKeySpec spec = new ECPublicKeySpec(point, curve.getParameterSpec(ECParameterSpec.class));
                    found.put(jwk.path("kid").asText(), KeyFactory.getInstance("EC").generatePublic(spec));
                }
            }
            keys = found;
            fetched = Instant.now();
        }
        PublicKey key = keys.get(kid);
        if (key == null) throw new Refused();
        return key;
    }

    private static BigInteger number(JsonNode jwk, String member) {
        return new BigInteger(1, BASE64.decode(jwk.path(member).asText()));
    }

    /** 200 for a clear yes, 403 for no, 401 where the token was ended before its time, 503 for no answer. */
    private static int ask(String token, String resource, String action) throws IOException, InterruptedException {
        String question = JSON.writeValueAsString(Map.of("resource", resource, "action", action));
        HttpRequest request = HttpRequest.newBuilder(URI.create(ISSUER + "/v1/authorize")).timeout(Duration.ofSeconds(5))
                .header("Authorization", "Bearer " + token).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(question)).build();
        var answer = CLIENT.send(request, BodyHandlers.ofString());
        if (answer.statusCode() == 401) return 401;
        if (answer.statusCode() != 200) return 503;
        return JSON.readTree(answer.body()).path("authorized").asBoolean(false) ? 200 : 403;
    }

    private static void ledgers(HttpExchange exchange) throws IOException {
        String header = exchange.getRequestHeaders().getFirst("Authorization");
        if (header == null || !header.toLowerCase().startsWith("bearer ")) {
            reply(exchange, 401, Map.of("message", "Send an access token."));
            return;
        }
        String token = header.substring(7).trim();
        try {
            JsonNode claims = verify(token);
            int status = ask(token, "ledgers", "get");
            Map<String, ?> granted = Map.of("ledgers", new String[0], "for", claims.path("sub").asText());
            reply(exchange, status, status == 200 ? granted : Map.of("message", "You may not read ledgers now."));
        } catch (Refused refused) {
            reply(exchange, 401, Map.of("message", "The token is not valid. Ask for a new one."));
        } catch (IOException | InterruptedException unreachable) {
            reply(exchange, 503, Map.of("message", "Permissions cannot be checked now. Try again soon."));
        }
    }

    private static void reply(HttpExchange exchange, int status, Map<String, ?> body) throws IOException {
        if (status == 401) exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        byte[] text = JSON.writeValueAsBytes(body);
        exchange.sendResponseHeaders(status, text.length);
        exchange.getResponseBody().write(text);
        exchange.close();
    }

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/ledgers", Server::ledgers);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }
}
