// Without a server: one file for Jest, as to load the service takes longer than most of these tests.
import './outages/unavailable.part.js';
import './outages/consistency.part.js';
import './outages/ledger.part.js';
