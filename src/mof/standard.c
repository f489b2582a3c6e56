// SPDX-License-Identifier: MIT
// The standard blocks of drivers, and the table of device types.
#include "mof/standard.h"

#include <stdlib.h>

#include "mof/build.h"
#include "mof/system.h"

bool mof_standard_is(Str name)
{
        for (size_t i = 0; i < mof_standard_count; i++)
                if (str_ieq(mof_standard_names[i], name))
                        return true;
        return false;
}

// --- the classes ---------------------------------------------------------------------------------

static int standard_add(CimSchema **schema, Str namespace, Str text)
{
        MofPlan *m;
        CimSchema *after = NULL;
        Diag errors[1];
        size_t n;
        MofSource source = {.text = text, .name = "standard", .namespace = namespace};
        MofBuild how = {.schema = *schema, .system = true};
        int r = mof_compile(&source, &how, &m, errors, 1, &n);
        if (r)
                return r;
        CimChange *changes = calloc(m->count + 1, sizeof(*changes));
        r = changes ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < m->count; i++) // classes, all of them
                changes[i] = (CimChange){.namespace = m->steps[i].namespace, .klass = m->steps[i].klass};
        if (r == 0)
                r = cim_schema_change(*schema, changes, m->count, &after, errors);
        if (r == 0) {
                cim_schema_unref(*schema);
                *schema = after;
        }
        free(changes);
        mof_plan_free(m);
        return r;
}

int mof_standard_schema(CimSchema **ret)
{
        CimSchema *s = cim_schema_new();
        int r = s ? standard_add(&s, STR("root"), mof_system_text) : -ENOMEM;
        if (r == 0)
                r = standard_add(&s, STR("root\\wmi"), mof_system_text);
        if (r == 0)
                r = standard_add(&s, STR("root\\wmi"), mof_wmi_text);
        if (r == 0)
                r = standard_add(&s, STR("root\\wmi"), mof_wmicore_text);
        if (r) {
                cim_schema_unref(s);
                return -ENOMEM; // our own texts compile; test-standard.c
        }
        *ret = s;
        return 0;
}

MofStandardKind mof_standard_kind(const CimClass *c)
{
        bool event = cim_class_isa(c, STR("WMIEvent"));
        if (!cim_qualifier_find(c->qualifiers, c->qualifier_count, STR("WMI")))
                return MOF_STANDARD_BASE;
        if (event)
                return MOF_STANDARD_EVENT;
        if (!cim_qualifier_true(c->qualifiers, c->qualifier_count, STR("dynamic")))
                return MOF_STANDARD_EMBEDDED;
        return c->method_count ? MOF_STANDARD_METHODS : MOF_STANDARD_DATA;
}

const char *mof_standard_kind_name(MofStandardKind k)
{
        static const char *const names[] = {"base", "data", "event", "methods", "embedded"};
        return names[k];
}

// --- the types of devices ------------------------------------------------------------------------

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE      ((const char *const[]){NULL})
#define NETWORK_EVENTS                                                                                       \
        "MSNdis_StatusMediaConnect", "MSNdis_StatusMediaDisconnect", "MSNdis_NotifyAdapterArrival",          \
                "MSNdis_NotifyAdapterRemoval", "MSNdis_StatusResetStart", "MSNdis_StatusResetEnd",           \
                "MSNdis_StatusLinkSpeedChange", "MSNdis_StatusLinkState", "MSNdis_StatusPortState",          \
                "MSNdis_StatusNetworkChange", "MSNdis_StatusOperationalStatus",                              \
                "MSNdis_StatusPacketFilterChange", "MSNdis_StatusTaskOffloadChange",                         \
                "MSNdis_StatusProtocolBind", "MSNdis_StatusProtocolUnbind", "MSNdis_StatusDevicePowerOn",    \
                "MSNdis_StatusDevicePowerOff", "MSNdis_StatusDevicePowerOnEx",                               \
                "MSNdis_StatusDevicePowerOffEx", "MSNdis_StatusMediaSpecificIndication",                     \
                "MSNdis_StatusMediaSpecificIndicationEx", "MSNdis_StatusHDSplitCurrentConfig"
#define NETWORK_BLOCKS                                                                                       \
        "MSNdis_HardwareStatus", "MSNdis_MediaSupported", "MSNdis_MediaInUse", "MSNdis_MediaConnectStatus",  \
                "MSNdis_LinkSpeed", "MSNdis_VendorID", "MSNdis_VendorDescription",                           \
                "MSNdis_VendorDriverVersion", "MSNdis_CurrentPacketFilter", "MSNdis_TransmitsOk",            \
                "MSNdis_ReceivesOk", "MSNdis_TransmitsError", "MSNdis_ReceiveError", "MSPower_DeviceEnable", \
                "MSPower_DeviceWakeEnable", "MSNdis_DeviceWakeOnMagicPacketOnly"

// A device of which wmicore.mof knows no event has blocks alone: its drivers fire events of their own, or
// none.
const MofDeviceType mof_device_types[] = {
        {.name = "disk",
         .about = "disks of any bus",
         .events = LIST("MSStorageDriver_FailurePredictEvent"),
         .blocks = LIST("MSStorageDriver_FailurePredictStatus", "MSStorageDriver_FailurePredictData",
                        "MSStorageDriver_FailurePredictThresholds", "MSStorageDriver_FailurePredictFunction",
                        "MSStorageDriver_ATAPISmartData", "MSStorageDriver_ScsiInfoExceptions",
                        "MSDiskDriver_Geometry", "MSDiskDriver_Performance", "MSIde_PortDeviceInfo"),
         .own_events = NONE},
        {.name = "cdrom",
         .about = "CD and DVD drives",
         .events = NONE,
         .blocks = LIST("MSRedbook_DriverInformation", "MSRedbook_Performance", "MSIde_PortDeviceInfo"),
         .own_events = NONE},
        {.name = "tape",
         .about = "tape drives",
         .events = LIST("MSTapeDriveProblemEvent"),
         .blocks = LIST("MSTapeDriveParam", "MSTapeMediaCapacity", "MSTapeSymbolicName",
                        "MSTapeProblemIoError", "MSTapeProblemDeviceError"),
         .own_events = NONE},
        {.name = "changer",
         .about = "media changers",
         .events = LIST("MSChangerProblemEvent"),
         .blocks = LIST("MSChangerParameters", "MSChangerProblemDeviceError"),
         .own_events = NONE},
        {.name = "hba",
         .about = "fibre channel adapters",
         .events = NONE,
         .blocks = NONE,
         .own_events = LIST("MSFC_AdapterEvent", "MSFC_PortEvent", "MSFC_TargetEvent", "MSFC_LinkEvent"),
         .own_mof = "Hbaapi.mof"},
        {.name = "iscsi",
         .about = "iSCSI adapters",
         .events = NONE,
         .blocks = NONE,
         .own_events = LIST("MSiSCSI_AdapterEvent", "MSiSCSI_Eventlog",
                            "MSiSCSI_InitiatorInstanceFailureEvent", "MSiSCSI_InitiatorNodeFailureEvent"),
         .own_mof = "the iSCSI MOF files of the WDK"},
        {.name = "keyboard",
         .about = "keyboards",
         .events = NONE,
         .blocks = LIST("MSKeyboard_PortInformation", "MSKeyboard_ExtendedID", "MSKeyboard_ClassInformation",
                        "MSPower_DeviceWakeEnable"),
         .own_events = NONE},
        {.name = "mouse",
         .about = "mice and other pointers",
         .events = NONE,
         .blocks = LIST("MSMouse_PortInformation", "MSMouse_ClassInformation", "MSPower_DeviceWakeEnable"),
         .own_events = NONE},
        {.name = "serial",
         .about = "serial ports",
         .events = NONE,
         .blocks = LIST("MSSerial_PortName", "MSSerial_CommInfo", "MSSerial_HardwareConfiguration",
                        "MSSerial_PerformanceInformation", "MSSerial_CommProperties", "MSPower_DeviceEnable",
                        "MSPower_DeviceWakeEnable"),
         .own_events = NONE},
        {.name = "parallel",
         .about = "parallel ports",
         .events = NONE,
         .blocks = LIST("MSParallel_AllocFreeCounts", "MSParallel_DeviceBytesTransferred"),
         .own_events = NONE},
        {.name = "network",
         .about = "network adapters",
         .events = LIST(NETWORK_EVENTS),
         .blocks = LIST(NETWORK_BLOCKS),
         .own_events = NONE},
        {.name = "wireless",
         .about = "IEEE 802.11 adapters",
         .events = LIST("MSNdis_StatusDot11ScanConfirm", "MSNdis_StatusDot11AssociationStart",
                        "MSNdis_StatusDot11AssociationCompletion", "MSNdis_StatusDot11ConnectionStart",
                        "MSNdis_StatusDot11ConnectionCompletion", "MSNdis_StatusDot11RoamingStart",
                        "MSNdis_StatusDot11RoamingCompletion", "MSNdis_StatusDot11Disassociation",
                        "MSNdis_StatusDot11LinkQuality", "MSNdis_StatusDot11PhyStateChange",
                        "MSNdis_StatusDot11PmkidCandidateList", "MSNdis_StatusDot11TkipmicFailure",
                        "MSNdis_StatusDot11MPDUMaxLengthChange", NETWORK_EVENTS),
         .blocks = LIST("MSNdis_80211_BaseServiceSetIdentifier", "MSNdis_80211_ServiceSetIdentifier",
                        "MSNdis_80211_ReceivedSignalStrength", "MSNdis_80211_BSSIList", NETWORK_BLOCKS),
         .own_events = NONE},
        {.name = "battery",
         .about = "batteries",
         .events = LIST("BatteryStatusChange", "BatteryTagChange"),
         .blocks = LIST("BatteryStatus", "BatteryRuntime", "BatteryTemperature", "BatteryFullChargedCapacity",
                        "BatteryCycleCount", "BatteryStaticData"),
         .own_events = NONE},
        {.name = "monitor",
         .about = "monitors",
         .events = LIST("WmiMonitorBrightnessEvent"),
         .blocks = LIST("WmiMonitorBrightness", "WmiMonitorBrightnessMethods", "WmiMonitorDescriptorMethods",
                        "WmiMonitorID", "WmiMonitorBasicDisplayParams", "WmiMonitorConnectionParams",
                        "WmiMonitorAnalogVideoInputParams", "WmiMonitorDigitalVideoInputParams",
                        "WmiMonitorColorCharacteristics", "WmiMonitorListedSupportedSourceModes",
                        "WmiMonitorListedFrequencyRanges"),
         .own_events = NONE},
        {.name = "processor",
         .about = "processors",
         .events = LIST("KernelPerfStateChange", "KernelPerfStateDomainChange", "KernelIdleStateChange",
                        "KernelThermalConstraintChange", "KernelThermalPolicyChange"),
         .blocks = LIST("ProcessorPerformance", "KernelPerfStates", "KernelIdleStates", "IdleAccounting",
                        "IdleAccountingEx"),
         .own_events = NONE},
        {.name = "thermal-zone",
         .about = "ACPI thermal zones",
         .events = NONE,
         .blocks = LIST("MSAcpi_ThermalZoneTemperature"),
         .own_events = NONE},
        {.name = "machine-check",
         .about = "what reports errors of the hardware",
         .events =
                 LIST("MSMCAEvent_CPUError", "MSMCAEvent_MemoryError", "MSMCAEvent_PCIBusError",
                      "MSMCAEvent_PCIComponentError", "MSMCAEvent_SystemEventError", "MSMCAEvent_SMBIOSError",
                      "MSMCAEvent_PlatformSpecificError", "MSMCAEvent_InvalidError",
                      "MSMCAEvent_MemoryHierarchyError", "MSMCAEvent_TLBError", "MSMCAEvent_BusError",
                      "MSMCAEvent_SwitchToCMCPolling", "MSMCAEvent_SwitchToCPEPolling",
                      "MSMCAEvent_MemoryPageRemoved", "MSMCAInfo_RawMCAEvent", "MSMCAInfo_RawCMCEvent",
                      "MSMCAInfo_RawCorrectedPlatformEvent"),
         .blocks = LIST("MSMCAInfo_RawMCAData", "WHEAErrorSourceMethods", "WHEAErrorInjectionMethods"),
         .own_events = NONE},
        {.name = NULL},
};

const MofDeviceType *mof_device_type(Str name)
{
        for (const MofDeviceType *t = mof_device_types; t->name; t++)
                if (str_ieq(name, str_of(t->name)))
                        return t;
        return NULL;
}
