<?php
// The people, by the names that attributes commonly have.
$config = ['people' => ['exampleauth:UserPass']];
foreach (json_decode(file_get_contents(getenv('PEOPLE')), true) as $login => $person) {
    $config['people']["$login:{$person['password']}"] = array_filter([
        'uid' => [$login],
        'mail' => [$person['email']],
        'displayName' => [$person['name']],
        'givenName' => [$person['given']],
        'sn' => [$person['family']],
        'employeeNumber' => [$person['sub']],
        'groups' => $person['groups'],
    ]);
}
