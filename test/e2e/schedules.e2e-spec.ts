// Start times: one file for Jest, as to load the service takes longer than most of these tests.
import './schedules/reschedule.part.js';
import './schedules/schedule-preview.part.js';
import './schedules/timezones.part.js';
import './schedules/missed-starts.part.js';
import './schedules/redis-status.part.js';
