<?php
// What this instance shall do. Read at each request, so that a test may change it.
$settings = getenv('FOLDER') . '/settings.json';
$own = is_file($settings) ? json_decode(file_get_contents($settings), true, 512, JSON_THROW_ON_ERROR) : [];
return $own + json_decode(file_get_contents(getenv('DEFAULTS')), true, 512, JSON_THROW_ON_ERROR);
