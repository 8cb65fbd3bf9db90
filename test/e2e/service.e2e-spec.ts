// The service itself: one file for Jest, as to load the service takes longer than most of these tests.
import './service/health.part.js';
import './service/metrics.part.js';
import './service/openapi.part.js';
