// Calls: one file for Jest, as to load the service takes longer than most of these tests.
import './calls/call-outcomes.part.js';
import './calls/call-service-example.part.js';
import './calls/host-dialer.part.js';
import './calls/twilio.part.js';
