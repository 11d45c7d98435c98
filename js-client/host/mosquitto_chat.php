<?php
/*
 * mosquitto-chat for PHP: signs logins.  Copy this file.
 *
 *     require 'mosquitto_chat.php';
 *     MosquittoChat\answer_token($user);           // chat/token.php; ['id' => …, 'name' => …], or null: 401
 *     <head> … <?= MosquittoChat\tags($user, '/mqtt', '/chat/token.php') ?>
 *
 * The secret is the plugin's, in the environment variable CHAT_SECRET.  It never leaves the server.
 */

declare(strict_types=1);

namespace MosquittoChat;

const LIFETIME = 3600;
const LONGEST_NAME = 128;

/** A login that ends by itself: the password; the username stays empty. */
function jwt(string|int $id, string $name = '', int $seconds = LIFETIME, ?int $now = null, ?string $audience = null): string
{
    $claims = ['sub' => checked($id), 'name' => clean_name($name), 'exp' => ($now ?? time()) + $seconds];
    $claims += $audience === null ? [] : ['aud' => $audience];
    return seal('{"alg":"HS256","typ":"JWT"}', json_encode($claims, JSON_THROW_ON_ERROR));
}

/** A login that never ends: [username, password]. */
function signed_name(string|int $id, string $name = ''): array
{
    $username = checked($id) . ':' . clean_name($name);
    return [$username, base64_encode(hmac($username))];
}

/** Signs a JWT's header and claims, given as JSON. */
function seal(string $header, string $claims): string
{
    $signed = base64url($header) . '.' . base64url($claims);
    return $signed . '.' . base64url(hmac($signed));
}

/** A name as the plugin takes it: no control characters, and at most 128 bytes. */
function clean_name(string $name): string
{
    $plain = preg_replace('/\p{Cc}/u', ' ', $name) ?? '';
    $whole = preg_match_all('/./u', $plain, $characters) ? $characters[0] : [];
    $clean = '';
    foreach ($whole as $character) {
        if (strlen($clean) + strlen($character) > LONGEST_NAME) {
            break;
        }
        $clean .= $character;
    }
    return $clean;
}

function checked(string|int $id): string
{
    if (!preg_match('/^[A-Za-z0-9_.@~=-]{1,64}$/D', (string) $id)) {
        throw new \InvalidArgumentException('a chat user\'s id has 1 to 64 of the characters A-Z a-z 0-9 _ . @ ~ = -');
    }
    return (string) $id;
}

function hmac(string $text): string
{
    $secret = (string) getenv('CHAT_SECRET');
    if (strlen($secret) < 32) {
        throw new \RuntimeException('CHAT_SECRET has to be the chat\'s secret, of 32 bytes or more');
    }
    return hash_hmac('sha256', $text, $secret, true);
}

function base64url(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

/** The page's token, for whoever is logged in. */
function answer_token(?array $user): void
{
    http_response_code($user ? 200 : 401);
    header('Cache-Control: no-store');
    header('Content-Type: text/plain; charset=utf-8');
    echo $user ? jwt($user['id'], $user['name']) : '';
}

/** The tags for the page's <head> that tell its elements where the chat is and whose it is. */
function tags(array $user, string $url, string $token_url = ''): string
{
    $contents = array_filter(['url' => $url, 'token' => jwt($user['id'], $user['name']), 'token-url' => $token_url]);
    $tag = fn (string $key, string $content) => sprintf('<meta name="chat-%s" content="%s">', $key, htmlspecialchars($content, ENT_QUOTES));
    return implode("\n", array_map($tag, array_keys($contents), $contents));
}
