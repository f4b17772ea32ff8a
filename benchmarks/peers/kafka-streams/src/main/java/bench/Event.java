package bench;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.regex.Pattern;

/** A transaction event, with the constraints of the Python contenders' JSON schema. */
@JsonIgnoreProperties(ignoreUnknown = true)
record Event(
        @JsonProperty("event_id") String eventId,
        @JsonProperty("event_type") String eventType,
        @JsonProperty("timestamp") String timestamp,
        @JsonProperty("payload") Payload payload) {

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Payload(
            @JsonProperty("transaction_id") String transactionId,
            @JsonProperty("user_id") String userId,
            @JsonProperty("amount") String amount,
            @JsonProperty("currency") String currency,
            @JsonProperty("device_id") String deviceId) {}

    private static final ObjectReader READER = JsonMapper.builder()
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .build()
            .readerFor(Event.class);
    private static final Pattern EVENT_ID = Pattern.compile("[0-9a-f-]{36}");

    /** Returns the validated event of a record's value; throws when it breaks a constraint. */
    static Event decode(byte[] value) {
        Event event;
        try {
            event = READER.readValue(value);
        } catch (IOException e) {
            throw new IllegalArgumentException("not an event", e);
        }
        if (event.eventId == null
                || !EVENT_ID.matcher(event.eventId).matches()
                || event.eventType == null
                || event.timestamp == null
                || event.payload == null
                || event.payload.transactionId == null
                || event.payload.userId == null
                || event.payload.amount == null
                || event.payload.currency == null
                || event.payload.deviceId == null) {
            throw new IllegalArgumentException("an event without a required field");
        }
        return event;
    }
}
