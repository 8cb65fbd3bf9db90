// Lists of contacts: one file for Jest, as to load the service takes longer than most of these tests.
import './lists/contact-lists.part.js';
import './lists/contacts.part.js';
import './lists/export.part.js';
import './lists/hostile-bodies.part.js';
