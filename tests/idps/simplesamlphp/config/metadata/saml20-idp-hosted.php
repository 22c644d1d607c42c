<?php
$s = require __DIR__ . '/../settings.php';
$bindings = ['urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect', 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'];
// A second key is published before it signs; later the second signs, and the first stays published for a while.
[$signs, $beside] = ['none' => [1, null], 'announced' => [1, 2], 'promoted' => [2, 1], 'over' => [2, null]][$s['rotation']];
$metadata[getenv('BASE') . '/idp'] = [
    'host' => '__DEFAULT__',
    'auth' => 'people',
    'privatekey' => "$signs.key",
    'certificate' => "$signs.crt",
    'signature.algorithm' => ($s['signature'] === 'rsa-sha1' ? 'http://www.w3.org/2000/09/xmldsig#' : 'http://www.w3.org/2001/04/xmldsig-more#')
        . $s['signature'],
    'NameIDFormat' => ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
        'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'],
    'SingleSignOnServiceBinding' => $bindings,
    'SingleLogoutServiceBinding' => $bindings,
    'validate.authnrequest' => $s['want_signed_requests'],
    'validate.logout' => $s['want_signed_requests'],
    'sign.logout' => true,
    'redirect.sign' => true,
] + ($beside ? ['new_privatekey' => "$beside.key", 'new_certificate' => "$beside.crt"] : []);
