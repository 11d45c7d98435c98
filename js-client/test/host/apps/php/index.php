<?php
require __DIR__ . '/mosquitto_chat.php';

session_start();
$user = $_SESSION['user'] ?? null;
?>
<!doctype html>
<html>
<head>
  <?= MosquittoChat\tags($user, 'wss://app.example.com/mqtt', '/chat/token.php') ?>

</head>
<body><h1>Home of <?= htmlspecialchars($user['name'] ?? '') ?></h1></body>
</html>
