<?php
// The one service provider, from its own metadata; the settings go before what it wishes.
$s = require __DIR__ . '/../settings.php';
$file = getenv('FOLDER') . '/sp.xml';
if (is_file($file)) {
    $sp = \SimpleSAML\Metadata\SAMLParser::parseFile($file)->getMetadata20SP();
    unset($sp['metadata-set'], $sp['expire']);
    [$format, $source, $attribute] = [
        'persistent' => ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', 'saml:PersistentNameID', ['attribute' => 'employeeNumber']],
        'email' => ['urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress', 'saml:AttributeNameID', ['attribute' => 'mail']],
        'transient' => ['urn:oasis:names:tc:SAML:2.0:nameid-format:transient', 'saml:TransientNameID', []],
    ][$s['name_id']];
    $oid = $s['attribute_names'] === 'oid';
    $logout = ['redirect' => 'HTTP-Redirect', 'post' => 'HTTP-POST'][$s['logout_binding']];
    $metadata[$sp['entityid']] = [
        'NameIDFormat' => $format,
        'SingleLogoutService' => array_values(array_filter(
            $sp['SingleLogoutService'] ?? [],
            fn($endpoint) => str_ends_with($endpoint['Binding'], ":$logout")
        )),
        'saml20.sign.assertion' => $s['sign_assertion'],
        'saml20.sign.response' => $s['sign_response'],
        'assertion.encryption' => $s['encrypt'],
        'validate.authnrequest' => $s['want_signed_requests'],
        'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:' . ($oid ? 'uri' : 'basic'),
        'simplesaml.attributes' => true,
        'authproc' => [1 => ['class' => $source, 'Format' => $format] + $attribute] + ($oid ? [
            80 => ['class' => 'core:AttributeMap', 'groups' => 'isMemberOf'],
            90 => ['class' => 'core:AttributeMap', 'name2oid'],
        ] : []),
    ] + $sp;
}
