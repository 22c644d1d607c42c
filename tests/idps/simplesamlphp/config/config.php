<?php
// Whole, because the package's own file reads a secret that root alone may read. What is not here has its default.
$folder = getenv('FOLDER');
$config = [
    'baseurlpath' => getenv('BASE') . '/simplesaml/',
    'certdir' => "$folder/",
    'loggingdir' => "$folder/log/",
    'datadir' => "$folder/data/",
    'tempdir' => "$folder/tmp",
    'metadatadir' => __DIR__ . '/metadata',
    'attributenamemapdir' => getenv('SIMPLESAMLPHP') . '/config/attributemap/',
    'secretsalt' => 'of-a-provider-that-lives-for-a-test',
    'auth.adminpassword' => bin2hex(random_bytes(16)),
    'admin.checkforupdates' => false,
    'trusted.url.domains' => null,
    'logging.level' => SimpleSAML\Logger::INFO,
    'logging.handler' => 'file',
    'showerrors' => true,
    'errorreporting' => false,
    'timezone' => 'UTC',
    'session.cookie.secure' => false,
    'session.phpsession.savepath' => "$folder/sessions",
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'store.type' => 'phpsession',
];
