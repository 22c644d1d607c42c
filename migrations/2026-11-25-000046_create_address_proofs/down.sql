DROP TABLE address_proofs;
