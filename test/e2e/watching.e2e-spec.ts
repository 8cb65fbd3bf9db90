// Watching: one file for Jest, as to load the service takes longer than most of these tests.
import './watching/events.part.js';
import './watching/at-once.part.js';
