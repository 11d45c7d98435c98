<?php
// Who is logged in: the session says so.
session_start();
$_SESSION['user'] = ['id' => $_GET['id'], 'name' => $_GET['name'] ?? null];
http_response_code(204);
