// Who may do what: one file for Jest, as to load the service takes longer than most of these tests.
import './access/authentication.part.js';
import './access/tenancy.part.js';
import './access/rate-limit.part.js';
import './access/idempotency.part.js';
