<?php
require __DIR__ . '/../mosquitto_chat.php';

session_start();
MosquittoChat\answer_token($_SESSION['user'] ?? null);
