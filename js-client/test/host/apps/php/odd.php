<?php
require __DIR__ . '/mosquitto_chat.php';

session_start();
echo '<div>', MosquittoChat\tags($_SESSION['user'] ?? null, $_GET['url']), '</div>';
