<?php
/*
 * mosquitto-chat for PHP: signs logins.  Copy this file.
 *
 *     require 'mosquitto_chat.php';
 *     MosquittoChat\answer_token($user);           // chat/token.php; ['id' => …, 'name' => …], or null: 401
 *     <head> … <?= MosquittoChat\tags($user, '/mqtt', '/chat/token.php') ?>
 *
 * The environment says how: CHAT_SECRET is the plugin's secret and never leaves the server; CHAT_AUDIENCE is
 * the plugin's jwt_audience, where it has one; CHAT_LIFETIME is how many seconds a token is good for.
 */

declare(strict_types=1);

namespace MosquittoChat;

const SHORTEST_SECRET = 32;
const NOT_IN_A_SECRET = '/\A[ #]| \z|[\x00-\x1f\x7f]|\xEF\xBB\xBF/';
const LIFETIME = '3600';
const LONGEST_NAME = 128;

/** A login that ends by itself: the password; the username is best the id. */
function jwt(string|int $id, ?string $name = '', ?int $seconds = null, ?int $now = null, ?string $audience = null): string
{
    $iat = $now ?? time();
    $claims = ['sub' => checked($id), 'name' => clean_name($name), 'iat' => $iat, 'exp' => $iat + ($seconds ?? lifetime())];
    $audience ??= (string) getenv('CHAT_AUDIENCE');
    $claims += $audience === '' ? [] : ['aud' => $audience];
    return seal('{"alg":"HS256","typ":"JWT"}', json_encode($claims, JSON_THROW_ON_ERROR));
}

/** A login that never ends: [username, password]. */
function signed_name(string|int $id, ?string $name = ''): array
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
function clean_name(?string $name): string
{
    $plain = preg_replace('/\p{Cc}/u', ' ', $name ?? '') ?? '';
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

/** Read as the plugin reads it: without the line end that a file or `echo` leaves behind it. */
function secret(): string
{
    $said = preg_replace('/\r?\n\z/', '', (string) getenv('CHAT_SECRET'));
    if (strlen($said) < SHORTEST_SECRET || preg_match(NOT_IN_A_SECRET, $said)) {
        throw new \RuntimeException('CHAT_SECRET has to be the chat\'s secret: 32 bytes or more, no # in front, '
            . 'no blank at either end, no control character and no byte order mark');
    }
    return $said;
}

function lifetime(): int
{
    $said = getenv('CHAT_LIFETIME') ?: LIFETIME;
    if (!preg_match('/\A[1-9][0-9]{0,8}\z/', $said)) {
        throw new \RuntimeException('CHAT_LIFETIME has to be a number of seconds, such as 3600');
    }
    return (int) $said;
}

function hmac(string $text): string
{
    return hash_hmac('sha256', $text, secret(), true);
}

function base64url(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

/** The page's token, for whoever is logged in. */
function answer_token(?array $user): void
{
    $token = $user ? jwt($user['id'], $user['name'] ?? '') : '';
    http_response_code($user ? 200 : 401);
    header('Cache-Control: no-store');
    header('Content-Type: text/plain; charset=utf-8');
    header('X-Content-Type-Options: nosniff');
    echo $token;
}

/** The tags for the page's <head> that tell its elements where the chat is and whose it is; none for a visitor. */
function tags(?array $user, string $url, string $token_url = ''): string
{
    if (!$user) {
        return '';
    }
    $contents = array_filter(['url' => $url, 'token' => jwt($user['id'], $user['name'] ?? ''), 'token-url' => $token_url]);
    $tag = fn (string $key, string $content) => sprintf('<meta name="chat-%s" content="%s">', $key, htmlspecialchars($content, ENT_QUOTES));
    return implode("\n", array_map($tag, array_keys($contents), $contents));
}
